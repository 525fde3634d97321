import { expect } from 'chai';
import { Paces, type Progress } from '../../../src/geo/status/paces.ts';

type Note = readonly [seconds: number, progress: Partial<Progress>];

function figuresAfter(...notes: readonly Note[]) {
  const paces = new Paces();
  for (const [seconds, progress] of notes) {
    paces.note(new Date(seconds * 1000), { counted: 0, staged: 0, lacking: 0, ...progress });
  }
  return paces.read();
}

describe('the paces of a site', () => {
  it('counts what is under way as it comes', () => {
    const figures = figuresAfter(
      [0, { counted: 100, staged: 0, lacking: 1000 }],
      [10, { counted: 200, staged: 100, lacking: 900 }],
    );
    expect(figures).to.deep.equal({ bytesPerSecond: 20, bytesGainedPerSecond: 20 });
  });

  it('takes from what is gained what becomes wanted meanwhile', () => {
    const figures = figuresAfter([0, { lacking: 1000 }], [10, { counted: 500, lacking: 900 }]);
    expect(figures).to.deep.equal({ bytesPerSecond: 50, bytesGainedPerSecond: 10 });
  });

  it('expects no second past of a site that joined with one', () => {
    const figures = figuresAfter(
      [0, { lacking: 0 }],
      [1, { lacking: 50_000 }],
      [11, { counted: 500, lacking: 49_500 }],
      [21, { counted: 1000, lacking: 49_200 }],
    );
    expect(figures.bytesGainedPerSecond).to.equal(50 - 10);
  });

  it('takes a time when nothing was to come for no slow one', () => {
    const figures = figuresAfter(
      [0, {}],
      [60, {}],
      [61, { lacking: 9000 }],
      [71, { counted: 1000, lacking: 8000 }],
    );
    expect(figures.bytesGainedPerSecond).to.equal(100);
  });

  it('is told by what comes where more becomes wanted than comes', () => {
    const figures = figuresAfter([0, {}], [10, { counted: 500, lacking: 900 }]);
    expect(figures).to.deep.equal({ bytesPerSecond: 50, bytesGainedPerSecond: 50 });
  });

  it('says what comes now, and builds an estimate on what lasts', () => {
    const figures = figuresAfter(
      [0, { counted: 0, lacking: 20_000 }],
      [70, { counted: 7000, lacking: 13_000 }],
      [100, { counted: 7000, lacking: 13_000 }],
    );
    expect(figures).to.deep.equal({ bytesPerSecond: 0, bytesGainedPerSecond: 70 });
  });

  it('is never below 0', () => {
    const figures = figuresAfter([0, { staged: 500 }], [10, { staged: 0 }]);
    expect(figures).to.deep.equal({ bytesPerSecond: 0, bytesGainedPerSecond: 0 });
  });
});

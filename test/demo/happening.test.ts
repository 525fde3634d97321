import { expect } from 'chai';
import { type Happening, Timeline } from '../../src/demo/happening.ts';

const PRIMARY = { name: 'primary', isPrimary: true };
const SECONDARY = { name: 'secondary', isPrimary: false };
const AT = new Date(2026, 0, 2, 3, 4, 5);
const IMAGE = { image: 'team/app:1', digest: 'sha256:1' };
const PUSHED: Happening = { kind: 'pushed', ...IMAGE, content: '3 blobs, 4.5 MB' };
const ARRIVED: Happening = { kind: 'arrived', ...IMAGE, site: 'secondary', elapsedMs: 140 };

const pulled = (source: string): Happening => ({ kind: 'pulled', ...IMAGE, source });

describe('the timeline of the demo', () => {
  let timeline: Timeline;
  const tell = (teller: typeof PRIMARY, happening: Happening) => {
    return timeline.tell(teller, happening, AT);
  };

  beforeEach(() => {
    timeline = new Timeline();
  });

  it('has a line for each push and each arrival', () => {
    expect(tell(PRIMARY, PUSHED)).to.deep.equal([
      '  03:04:05  primary       pushed   team/app:1  3 blobs, 4.5 MB',
    ]);
    expect(tell(PRIMARY, ARRIVED)).to.deep.equal([
      '  03:04:05  secondary     arrived  team/app:1  every byte, 0.1 s after the push',
    ]);
  });

  it('tells an arrival behind the push, also where it heard of it before', () => {
    expect(tell(PRIMARY, ARRIVED)).to.deep.equal([]);
    const lines = tell(SECONDARY, PUSHED);
    expect(lines.map((line) => line.split(/ +/)[3])).to.deep.equal(['pushed', 'arrived']);
    expect(lines[0]).to.match(/ passed on to the primary and kept here$/);
  });

  it('says where a pull was answered from', () => {
    expect(tell(PRIMARY, pulled('local'))[0]).to.match(/pulled {3}team\/app:1$/);
    expect(tell(SECONDARY, pulled('local'))[0]).to.match(/ from its own copy$/);
    expect(tell(SECONDARY, pulled('primary'))[0]).to.match(/ asked at the primary/);
    expect(tell(SECONDARY, pulled('stale'))[0]).to.match(/ the primary is away$/);
  });
});

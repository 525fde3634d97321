import { expect } from 'chai';
import { parsePlace, printPlace } from '../../src/oci/place.ts';

describe('a place', () => {
  it('is read as latitude and longitude, and printed so', () => {
    const lisbon = { latitude: 38.72, longitude: -9.14 };
    expect(parsePlace('38.72,-9.14')).to.deep.equal(lisbon);
    expect(parsePlace('+38.72 , -9.14')).to.deep.equal(lisbon);
    expect(printPlace(lisbon)).to.equal('38.72,-9.14');
    expect(parsePlace('-90,180')).to.deep.equal({ latitude: -90, longitude: 180 });
  });

  it('is none beyond the poles, and nothing else than two numbers', () => {
    for (const text of [
      '91,0',
      '0,-180.1',
      '38.72',
      '1,2,3',
      ',',
      '0x1,2',
      '1e1,2',
      'north,east',
    ]) {
      expect(parsePlace(text), text).to.equal(undefined);
    }
  });
});

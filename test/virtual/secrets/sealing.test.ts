import { expect } from 'chai';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { openText, sealText } from '../../../src/virtual/secrets/sealing.ts';

const key = Buffer.alloc(32, 1);
const sealing = { key, purpose: 'one' };
const seal = (text: string) => sealText(text, sealing, randomness);

describe('sealed texts', () => {
  it('open for who has the key and the purpose', () => {
    for (const text of ['', 'pass word', 'pässwörd ☃', 'x'.repeat(5000)]) {
      expect(openText(seal(text), sealing)).to.deep.equal({ kind: 'opened', text });
    }
  });

  it('are unlike each other, and say nothing of the text or the key', () => {
    const [one, other] = [seal('password'), seal('password')];
    expect(one).to.match(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]{32}$/);
    expect(one).not.to.equal(other);
    expect(Buffer.from(one.split('.')[3]!, 'base64url').toString()).not.to.include('password');
    expect(one).not.to.include(key.toString('base64url').slice(0, 8));
  });

  it('open for no other purpose and under no other key', () => {
    const sealed = seal('password');
    expect(openText(sealed, { key, purpose: 'other' })).to.deep.equal({ kind: 'damaged' });
    const other = { key: Buffer.alloc(32, 2), purpose: 'one' };
    expect(openText(sealed, other)).to.deep.equal({ kind: 'other-key' });
  });

  it('do not open where anything in them was changed or left out', () => {
    const sealed = seal('password');
    const keyId = sealed.split('.')[1]!;
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed[at] === 'A' ? 'B' : 'A';
      const wrong = sealed.slice(0, at) + changed + sealed.slice(at + 1);
      // The last letter of a part has bits that mean nothing.
      const isSame = ['.', undefined].includes(sealed[at + 1]) && sealed[at] !== '.';
      if (!isSame) expect(openText(wrong, sealing).kind, wrong).not.to.equal('opened');
    }
    for (const wrong of ['', '....', `v1.${keyId}..`, `${sealed}.x`, sealed.slice(0, -8)]) {
      expect(openText(wrong, sealing).kind, wrong).to.equal('damaged');
    }
    // A short tag would be easy to guess.
    const [version, , nonce, content] = sealed.split('.');
    const bytes = Buffer.from(content!, 'base64url').subarray(0, -12).toString('base64url');
    const cut = [version, keyId, nonce, bytes].join('.');
    expect(openText(cut, sealing)).to.deep.equal({ kind: 'damaged' });
  });
});

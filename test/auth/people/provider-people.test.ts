import { expect } from 'chai';
import { toAccountName } from '../../../src/auth/people/provider-people.ts';
import { readReturnPath } from '../../../src/auth/people/return-path.ts';
import { SealedAttempts } from '../../../src/auth/people/sealed-attempt.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { MovableClock } from '../../support/auth-stand.ts';

describe('whoever comes from an identity provider', () => {
  it('goes on to a path of this site, and nowhere else (A26f)', () => {
    for (const path of ['/', '/console/', '/console/images?page=2#top', '/a//b']) {
      expect(readReturnPath(path)).to.equal(path);
    }
    for (const elsewhere of [
      undefined,
      '',
      'console/',
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      ' //evil.example',
      '/.//evil.example',
      'https://evil.example/',
      'javascript:alert(1)',
      '/é',
      `/${'a'.repeat(2000)}`,
    ]) {
      expect(readReturnPath(elsewhere), String(elsewhere)).to.equal('/console/');
    }
  });

  it('is named by what can name an account', () => {
    expect(toAccountName('Amy.Lee')).to.equal('amy.lee');
    expect(toAccountName('amy@example.com')).to.equal('amy-example.com');
    expect(toAccountName('--Zoë!--')).to.equal('zo');
    for (const claim of ['', '///', undefined, 7, ['amy']]) {
      expect(toAccountName(claim)).to.equal(undefined);
    }
  });

  it('carries what only this site can open', () => {
    const clock = new MovableClock();
    const seal = (privateKey: string) => new SealedAttempts({ privateKey, clock, randomness });
    const attempts = seal('the key of this site');
    const { attempt, carried: text } = attempts.begin('http://site.example/back', '/console/');
    const plain = Buffer.from(text, 'base64url').toString('latin1');
    expect(plain).to.not.include(attempt.codeVerifier);
    expect(attempts.resume(text)).to.deep.equal(attempt);
    expect(seal('another key').resume(text)).to.equal(undefined);
    const bent = Buffer.from(text, 'base64url');
    bent[bent.length - 1]! ^= 1;
    for (const other of [bent.toString('base64url'), '', 'short', text.slice(4)]) {
      expect(attempts.resume(other)).to.equal(undefined);
    }
    clock.pass(600);
    expect(attempts.resume(text)).to.equal(undefined);
  });
});

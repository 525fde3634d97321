/**
 * Checklist 12 and T28, last of all: after them the registry refuses further logins for a while.
 */
import { expect } from 'chai';
import { skip } from '../../support/skips.ts';
import { basic, Client } from '../client.ts';
import { expectError } from '../errors.ts';
import { headerOf } from '../exchange.ts';
import type { Stage } from '../stage.ts';

const ATTEMPTS = 200;

export function describeLimits(stage: Stage): void {
  describe('A. Too many requests', () => {
    it('12 T28 answers too many failed logins with 429 and Retry-After', async function () {
      stage.credentials(this);
      const challenge = await new Client(stage.url).findChallenge();
      if (challenge === undefined || challenge.scheme !== 'bearer')
        skip(this, 'it needs a token endpoint');
      const url = new URL(challenge.realm);
      url.searchParams.set('service', challenge.service);
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        // Another password each time: the same one again may well count as one failure (T21).
        const authorization = basic({ user: 'nobody', password: `wrong ${attempt}` });
        const answer = await stage.client.send('GET', url, { authorization });
        if (answer.status !== 429) continue;
        expect(headerOf(answer, 'Retry-After')).to.match(/^[0-9]+$/);
        expectError(answer, 429, 'TOOMANYREQUESTS');
        return;
      }
      throw new Error(`${ATTEMPTS} failed logins were answered without a 429`);
    });
  });
}

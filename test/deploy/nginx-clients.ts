/** Real clients and the suite of the distribution API against a site behind nginx. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Suite } from 'mocha';
import type { ImageClient } from '../clients/client.ts';
import { Content } from '../clients/content.ts';
import { docker } from '../clients/drivers/docker.ts';
import { skopeo } from '../clients/drivers/skopeo.ts';
import { expectFiles } from '../clients/matrix.ts';
import { runSuite } from '../conformance/run-suite.ts';
import { requireProgram } from '../support/programs/commands.ts';
import { ADMIN } from '../support/programs/program.ts';
import { type NginxStand, openNginxStand } from './nginx-stand.ts';

/**
 * What nginx has most to do with: hosts and ports, bodies of no stated length, state between
 * requests, heads, compression, ranges, and who sends a body when.
 */
export const SAMPLE = ['T4', 'T7', 'T8', 'T10', 'T12', 'T27', 'T32', 'T33'];

/** @param lines of the suite, by their numbers; without them, the whole suite */
export function describeBehindNginx(lines?: readonly string[]): void {
  describe('clients of a site behind nginx', behindNginx(lines));
}

function behindNginx(lines?: readonly string[]): (this: Suite) => void {
  return function () {
    this.timeout(240_000);
    const content = new Content();
    let stand: NginxStand;

    before(async function () {
      stand = await openNginxStand(this, { MERIDIAN_PROCESSES: '2' });
    });
    after(async () => {
      await stand?.close();
      await content.remove();
    });

    for (const client of [docker, skopeo] as readonly ImageClient[]) {
      it(`lets ${client.name} push and pull over TLS`, async function () {
        for (const program of client.programs) requireProgram(program, this);
        this.timeout(240_000);
        const folder = await mkdtemp(join(stand.folder, `${client.name}-`));
        const registry = { host: stand.front.tlsUrl.host, ...ADMIN };
        const session = await client.open(folder, registry);
        try {
          const layout = await content.layout('image');
          await session.push(layout, `nginx/${client.name}`);
          expectFiles(await session.pull(`nginx/${client.name}`), layout);
        } finally {
          await session.close();
        }
      });
    }

    it('passes the suite of the distribution API line by line', async () => {
      const pattern = lines && ` (${lines.join('|')}) `;
      const { passed, failed } = await runSuite(stand.front.url, ADMIN, pattern);
      // nginx gives the leave to send a body by itself, before it asks the site.
      expect(Object.keys(failed)).to.deep.equal(['T32']);
      expect(['T32', ...passed]).to.include.members([...(lines ?? SAMPLE)]);
    });
  };
}

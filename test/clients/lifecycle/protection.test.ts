/** What a person reads whose real client is refused by a policy. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ImageSpec, LAYOUT_TAG, writeLayout } from '../../support/images/image.ts';
import { requireProgram } from '../../support/programs/commands.ts';
import { ADMIN, type Started, startProgram } from '../../support/programs/program.ts';
import type { Session } from '../client.ts';
import { skopeo } from '../drivers/skopeo.ts';

const SMALL: ImageSpec = { architecture: 'amd64', layers: [{ 'etc/release': 100 }] };
const LARGE: ImageSpec = { architecture: 'amd64', layers: [{ 'data/one.bin': 3_000_000 }] };

describe('skopeo where policies forbid', function () {
  this.timeout(120_000);
  let folder: string;
  let program: Started;
  let session: Session;

  before(async function () {
    requireProgram('skopeo', this);
    folder = await mkdtemp(join(tmpdir(), `meridian-policies-${randomUUID()}-`));
    program = await startProgram({ env: { MERIDIAN_ADMIN_PASSWORD: ADMIN.password } });
    session = await skopeo.open(folder, { host: program.url.host, ...ADMIN });
  });
  after(async () => {
    await session?.close();
    await program?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const set = async (path: string, body: object) => {
    const words = Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64');
    const answer = await fetch(new URL(`/api/v1/${path}`, program.url), {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: { authorization: `Basic ${words}`, 'content-type': 'application/json' },
    });
    expect(answer.status).to.equal(201);
  };

  it('says which protection holds an immutable tag, and pushes it again unchanged', async () => {
    await set('protections/releases?path=acme', { tags: [LAYOUT_TAG], immutable: true });
    const [one, two] = await Promise.all([
      writeLayout(folder, 'one', [SMALL]),
      writeLayout(folder, 'two', [SMALL]),
    ]);
    await session.push(one, 'acme/app');
    await session.push(one, 'acme/app');
    expect(await refusal(session.push(two, 'acme/app'))).to.contain(
      `the tag acme/app:${LAYOUT_TAG} is immutable by the protection`,
    );
  });

  it('says which quota has no room for a layer', async () => {
    await set('quotas?path=beta', { limitBytes: 1_000_000 });
    const large = await writeLayout(folder, 'large', [LARGE]);
    expect(await refusal(session.push(large, 'beta/app'))).to.contain(
      'the quota of beta is 1000000 bytes',
    );
  });
});

function refusal(push: Promise<void>): Promise<string> {
  return push.then(
    () => 'it was not refused',
    (error: unknown) => String(error),
  );
}

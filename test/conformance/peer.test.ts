/**
 * The suite against Debian's docker-registry 2.8.2, whose lacks are known: it must find exactly
 * these, which shows that the suite can fail and that it does not fail by itself.
 */

import { expect } from 'chai';
import { requireProgram } from '../support/programs/commands.ts';
import { startDockerRegistry } from '../support/programs/docker-registry.ts';
import { runSuite } from './run-suite.ts';

/** What docker-registry 2.8.2 lacks, by the lines that find it. */
const LACKS: Readonly<Record<string, readonly string[]>> = {
  'sha512: of manifests, of their digest header, and a hint that is checked': [
    '18',
    '68',
    '69',
    '92',
    '94',
  ],
  'OCI-Subject': ['91'],
  'OCI-Tag and ?tag=': ['93'],
  referrers: ['110', '111', '112', '113', '114', '115', '116', '117', '118', '119'],
  'n, last, Link and order of tags/list': ['102', '103', '104', '105', '106', '107', '108'],
  'an empty list where there are no tags': ['101', '122'],
  'order and size of chunks, in PATCH and in the final PUT': [
    '56',
    '57',
    '58',
    '59',
    '60',
    '61',
    '62',
    '66',
  ],
  'uploads that survive a lost connection or a second writer': ['48', '70'],
  'the code of a foreign upload': ['51'],
  'any Content-Type on PATCH': ['53'],
  'deleting a tag': ['121', '123'],
  'bad digest strings without a 500': ['22', '81'],
  'names: NAME_INVALID, 255 characters with the host, no %2F': ['4', '5', 'T30'],
  'errors as JSON, with the codes of the specification': ['10', '14'],
  'OCI manifests without Accept': ['23'],
  'Cache-Control of manifests': ['26'],
  'ranges that cannot be met': ['35', '36'],
  'mounting without a source': ['76'],
  'foreign layers without an allow list': ['87'],
  '413 for a manifest over the limit': ['90'],
  'distrust of forwarded headers': ['T3'],
};

describe('the suite against docker-registry 2.8.2', function () {
  this.timeout(120_000);

  it('finds exactly what that registry lacks', async function () {
    requireProgram('docker-registry', this);
    const { failed, passed } = await withPeer((url) => runSuite(url));
    const expected = Object.values(LACKS).flat();
    expect(Object.keys(failed)).to.have.members(expected);
    expect(passed.length).to.be.above(75);
  });
});

async function withPeer<T>(use: (url: URL) => Promise<T>): Promise<T> {
  const peer = await startDockerRegistry();
  try {
    return await use(new URL(peer.url));
  } finally {
    await peer.stop();
  }
}

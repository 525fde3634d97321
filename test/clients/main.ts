/**
 * `npm run clients`: every client with everything against every set-up, behind nginx, and at two
 * sites. Takes twenty minutes.
 */
import Mocha from 'mocha';
import { describeBehindNginx } from '../deploy/nginx-clients.ts';
import { mochaHooks } from '../support/hooks.ts';
import Reporter from '../support/reporter.ts';
import { Content } from './content.ts';
import { CLIENTS, describeTarget } from './matrix.ts';
import { TARGETS } from './targets.ts';
import { describeSites } from './two-sites.ts';

const mocha = new Mocha({ reporter: Reporter });
mocha.rootHooks(mochaHooks);
mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, '', mocha);

const content = new Content();
describe('real clients', () => {
  after(() => content.remove());
  for (const target of TARGETS) describeTarget(target, content, ['image', 'index', 'large']);
  describeBehindNginx();
  for (const writes of ['proxy', 'redirect'] as const) {
    describeSites(writes, { clients: CLIENTS, contents: ['image', 'index'] });
  }
});

mocha.run((failures) => {
  process.exitCode = failures > 0 ? 1 : 0;
});

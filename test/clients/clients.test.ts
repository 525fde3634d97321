/**
 * Every client with everything against the embedded default, and with the small content against the
 * other set-ups. `npm run clients` tries everything everywhere.
 */
import { Content } from './content.ts';
import { describeTarget } from './matrix.ts';
import { EMBEDDED, POSTGRES_AND_REDIS, S3, TWO_PROCESSES } from './targets.ts';

const content = new Content();

describe('real clients', () => {
  after(() => content.remove());

  describeTarget(EMBEDDED, content, ['image', 'index', 'large']);
  for (const target of [TWO_PROCESSES, POSTGRES_AND_REDIS, S3]) {
    describeTarget(target, content, ['image', 'index']);
  }
});

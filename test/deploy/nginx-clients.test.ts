/** A sample of the suite over nginx; `npm run clients` has it whole. */
import { describeBehindNginx, SAMPLE } from './nginx-clients.ts';

describeBehindNginx(SAMPLE);

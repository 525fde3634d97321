/** The program as people run it. */
import { join } from 'node:path';
import { ROOT } from '../../architecture/sources.ts';

export const PROGRAM = join(ROOT, 'dist/meridian/main.js');

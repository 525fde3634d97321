/** The program's own log: one JSON object a line, secrets struck out. */
import { type Logger, pino } from 'pino';

/** What rules and adapters may do with a log. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRETS = ['password', 'token', 'secret', 'authorization', '*.password', '*.authorization'];

export function createLog(level: LogLevel): Logger {
  return pino({ level, redact: { paths: SECRETS, censor: '[secret]' } });
}

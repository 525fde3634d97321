/** Settings of how people sign in, what is kept of their acts, and how often anybody may ask. */
import { OIDC } from './oidc-settings.ts';
import { given } from './setting.ts';
import * as value from './values.ts';

const group = 'Access';

/** So many requests in so many seconds. */
interface RequestRate {
  readonly requests: number;
  readonly seconds: number;
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

const rateOrOff: value.Kind<RequestRate | 'off'> = {
  read: (text) => {
    if (text.trim() === 'off') return 'off';
    const [, count, amount, unit] = /^(\d{1,9})\/(\d{0,4})([smh])$/.exec(text.trim()) ?? [];
    const seconds = Number(amount || 1) * SECONDS[unit as keyof typeof SECONDS];
    return Number(count) > 0 && seconds > 0 ? { requests: Number(count), seconds } : undefined;
  },
  wanted: 'must be off, or a count and a time as in 1000/m or 20/10s',
};

const SESSIONS = {
  sessionLifetimeMs: given({
    variable: 'MERIDIAN_SESSION_LIFETIME',
    kind: value.duration('1m', '90d'),
    fallback: '12h',
    group,
    meaning: 'How long a browser stays signed in.',
  }),
  auditRetentionMs: given({
    variable: 'MERIDIAN_AUDIT_RETENTION',
    kind: value.duration('1h', '3650d'),
    fallback: '365d',
    group,
    meaning: 'For how long administrative acts are kept in the log of acts.',
  }),
};

const RATES = {
  accountRate: given({
    variable: 'MERIDIAN_ACCOUNT_RATE',
    kind: rateOrOff,
    fallback: 'off',
    group,
    meaning:
      'How many requests of one account this site answers, such as `1000/m` or `20/10s`; all ' +
      'others get 429 with `Retry-After`. `off` for as many as come.',
  }),
  addressRate: given({
    variable: 'MERIDIAN_ADDRESS_RATE',
    kind: rateOrOff,
    fallback: 'off',
    group,
    meaning: 'The same for one address, or /64 network, whoever asks from there.',
  }),
  rateExcept: given({
    variable: 'MERIDIAN_RATE_EXCEPT',
    kind: value.networks,
    fallback: '',
    group,
    meaning:
      'Networks whose requests are not counted. A primary names the addresses of its secondaries ' +
      'here, through which writes of many clients come.',
  }),
};

export const PEOPLE = { ...SESSIONS, ...RATES, ...OIDC };

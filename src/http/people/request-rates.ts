/** The rates of requests that the operator settled, where there are any. */

import type { Limit, Limiter } from '../../auth/limits/limiter.ts';
import { RequestLimits, type RequestRate } from '../../auth/limits/request-limits.ts';
import { readNetworks } from '../external-url.ts';

interface RateSettings {
  readonly accountRate: RequestRate | 'off';
  readonly addressRate: RequestRate | 'off';
  readonly rateExcept: readonly string[];
}

/** @returns `undefined` where nothing is counted, which costs nothing then */
export function openRequestLimits(
  { accountRate, addressRate, rateExcept }: RateSettings,
  openLimiter: ((limit: Limit) => Limiter) | undefined,
): RequestLimits | undefined {
  if (accountRate === 'off' && addressRate === 'off') return undefined;
  const excepted = readNetworks(rateExcept);
  return new RequestLimits({
    rates: {
      ...(accountRate === 'off' ? {} : { perAccount: accountRate }),
      ...(addressRate === 'off' ? {} : { perAddress: addressRate }),
    },
    isExcepted: (address) => excepted.check(address, address.includes(':') ? 'ipv6' : 'ipv4'),
    openLimiter,
  });
}

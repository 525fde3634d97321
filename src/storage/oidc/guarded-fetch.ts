/**
 * `fetch` that reaches the hosts of one provider, at addresses that the operator allows, and nobody
 * else: what a provider says of itself names further addresses (A27, A40).
 */
import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, fetch, type RequestInit, type Response } from 'undici';
import { AddressRule, hostOf } from '../../oci/network/addresses.ts';

export interface GuardedOptions {
  /** Host and port of each. */
  readonly hosts: readonly string[];
  /** Networks that are not public and may be reached all the same; there http counts too. */
  readonly networks: readonly string[];
}

export type GuardedFetch = (url: string, init?: RequestInit) => Promise<Response>;

/** More of an answer is not read: a document of a provider has some kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export function openGuardedFetch({ hosts, networks }: GuardedOptions): GuardedFetch {
  const rule = new AddressRule(networks);
  const overTls = openDoor((address) => rule.mayReach(address));
  const plain = openDoor((address) => rule.isNamed(address));
  return async (asked, init) => {
    const url = new URL(asked);
    const host = hostOf(url);
    if (!hosts.includes(url.host)) throw new TypeError(`${url.host} is no host of the provider`);
    const { mayReach, dispatcher } = url.protocol === 'http:' ? plain : overTls;
    if (isIP(host) !== 0 && !mayReach(host)) throw new TypeError(`${host} may not be reached`);
    return fetch(url, { ...init, redirect: 'manual', dispatcher });
  };
}

interface Door {
  readonly mayReach: (address: string) => boolean;
  readonly dispatcher: Agent;
}

function openDoor(mayReach: Door['mayReach']): Door {
  const connect = { lookup: lookUpAllowed(mayReach) };
  return { mayReach, dispatcher: new Agent({ connect, maxResponseSize: MAX_ANSWER_BYTES }) };
}

/** Knows of the addresses only that may be reached. */
function lookUpAllowed(mayReach: (address: string) => boolean): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const allowed = error ? [] : found.filter(({ address }) => mayReach(address));
      const [first] = allowed;
      if (!first) return callback(error ?? new Error(`${host} may not be reached`), []);
      if (options.all) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };
}

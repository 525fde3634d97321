/** What an external registry tells, in the words of the notifications of distribution. */
import type { Digest } from '../digest.ts';
import type { RepositoryName, Tag } from '../reference.ts';

/** > `application/vnd.docker.distribution.events.v2+json` (distribution, notifications) */
export const EVENTS_TYPE = 'application/vnd.docker.distribution.events.v2+json';

/** docker-registry up to 2.8 says v1 of the same envelope. */
export const EVENTS_TYPES = [
  EVENTS_TYPE,
  'application/vnd.docker.distribution.events.v1+json',
] as const;

/** One event of an envelope, checked. */
export interface IncomingEvent {
  readonly id: string;
  readonly timestamp: Date;
  readonly action: 'push' | 'pull' | 'mount' | 'delete';
  readonly target: {
    readonly mediaType?: string | undefined;
    readonly digest?: Digest | undefined;
    readonly size?: number | undefined;
    readonly repository: RepositoryName;
    readonly url?: string | undefined;
    readonly tag?: Tag | undefined;
  };
  readonly request?: { readonly host?: string | undefined } | undefined;
  readonly actor?: { readonly name?: string | undefined } | undefined;
  readonly source?: { readonly addr?: string | undefined } | undefined;
}

const HOST = /^[a-z0-9.-]{1,253}(?::[0-9]{1,5})?$|^\[[0-9a-f:.]{2,45}\](?::[0-9]{1,5})?$/;

/**
 * Hosts under which the event says that its registry is known, the most telling first; each in
 * lower case, without the port that its scheme has anyway.
 */
export function hostsOf({ target, request, source }: IncomingEvent): string[] {
  const named = [hostOfUrl(target.url ?? ''), request?.host, source?.addr];
  const hosts = named.map((text) => text?.toLowerCase().replace(/:(?:80|443)$/, ''));
  return [...new Set(hosts)].filter((host) => host !== undefined && HOST.test(host)) as string[];
}

/** Host of an http URL, as {@link hostsOf} has it; `undefined` for another text. */
export function hostOfUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && /^https?:$/.test(url.protocol) ? url.host.replace(/:(?:80|443)$/, '') : undefined;
}

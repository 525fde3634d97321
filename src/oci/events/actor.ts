/** Who acts, and by which request: what an event says of it, and a log of what was done. */

/** A request as it came in. Nothing of its query or its credentials is kept (A26i). */
export interface RequestDetails {
  /** As the log has it: a UUID, or what a proxy named it. */
  readonly id: string;
  /** IP address of the client, past the proxies that are trusted. */
  readonly address: string;
  /** Under which the client knows us: `https://host:port`. */
  readonly baseUrl: string;
  readonly method: string;
  readonly userAgent: string;
  /** Who answered it. */
  readonly server: ServerDetails;
}

/** A process of a site. */
export interface ServerDetails {
  readonly site: string;
  /** Host and port of the machine. */
  readonly address: string;
  /** UUID; another one after each start. */
  readonly instance: string;
}

/** An account that acts by a request; '' for an anonymous one. */
export interface Requester {
  readonly account: string;
  readonly request: RequestDetails;
}

/** The name of an account alone where no request made it act. */
export type Actor = string | Requester;

export function actorOf(account: string, request: RequestDetails | undefined): Actor {
  return request ? { account, request } : account;
}

export function nameOf(actor: Actor): string {
  return typeof actor === 'string' ? actor : actor.account;
}

export function requestOf(actor: Actor): RequestDetails | undefined {
  return typeof actor === 'string' ? undefined : actor.request;
}

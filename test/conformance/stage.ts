/** What a section is given: the registry under test, and what whoever started it can do to it. */
import type { Context } from 'mocha';
import { skip } from '../support/skips.ts';
import { Client, type Credentials } from './client.ts';
import { Fixtures } from './fixtures.ts';
import { Repository } from './repository.ts';

/** A grant on all repositories that match the pattern. */
export interface Grant {
  readonly pattern: string;
  readonly actions: readonly string[];
}

export interface Aging {
  readonly url: URL;
  /** Lets this much time pass. */
  readonly passTime: (durationMs: number) => void;
}

export interface Target {
  readonly url: URL;
  /** An account that may do everything; without one the registry is taken to be open. */
  readonly credentials?: Credentials;
  readonly atHand?: AtHand;
}

/** What cannot be asked of a registry over its API. Lines that need it are pending without it. */
export interface AtHand {
  addAccount?(grants: readonly Grant[]): Promise<Credentials>;
  /** The same registry with a clock that can be set. */
  aging?(): Promise<Aging>;
  /** The same registry where nothing may be deleted. */
  withoutDeletion?(): Promise<URL>;
  /** The same registry where nothing may be written. */
  readOnly?(): Promise<URL>;
}

export class Stage {
  readonly #open: () => Promise<Target>;
  readonly #seed: string;
  #target: Target | undefined;
  #client: Client | undefined;
  #fixtures: Fixtures | undefined;

  constructor(open: () => Promise<Target>, seed: string) {
    this.#open = open;
    this.#seed = seed;
  }

  async open(): Promise<void> {
    this.#target = await this.#open();
    this.#client = new Client(this.#target.url, this.#target.credentials);
    this.#fixtures = new Fixtures(this.#seed);
  }

  get client(): Client {
    return given(this.#client);
  }

  get fixtures(): Fixtures {
    return given(this.#fixtures);
  }

  get url(): URL {
    return given(this.#target).url;
  }

  /** A repository of its own for one test. */
  repository(path?: string): Repository {
    return this.repositoryAt(this.fixtures.name(path));
  }

  repositoryAt(name: string, client = this.client): Repository {
    return new Repository(client, name, this.fixtures);
  }

  /** A repository of its own for one test, with the same account at another registry. */
  repositoryOf(url: URL): Repository {
    const client = new Client(url, given(this.#target).credentials);
    return this.repositoryAt(this.fixtures.name(), client);
  }

  /** The same repository through another account, or through none. */
  as(credentials: Credentials | undefined, repository: Repository): Repository {
    return this.repositoryAt(repository.name, new Client(this.url, credentials));
  }

  /** The account under test; the line is pending against an open registry. */
  credentials(test: Context): Credentials {
    const credentials = given(this.#target).credentials;
    if (credentials === undefined) return skip(test, 'it needs an account');
    return credentials;
  }

  /** One thing that is at hand; the line is pending where it is not. */
  need<Thing extends keyof AtHand>(thing: Thing, test: Context): NonNullable<AtHand[Thing]> {
    const found = given(this.#target).atHand?.[thing];
    if (found === undefined) return skip(test, `it needs ${NEEDS[thing]}`);
    return found;
  }
}

const NEEDS: Record<keyof AtHand, string> = {
  addAccount: 'a second account',
  aging: 'a clock that can be set',
  withoutDeletion: 'a registry where deletion is off',
  readOnly: 'a read-only registry',
};

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the stage is not open yet');
  return value;
}

/** How the operator's commands speak to a running site: its HTTP API, as the given account. */

export interface Connection {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export class SiteClient {
  readonly url: string;
  readonly #authorization: string;
  readonly #onAnswer: (answer: unknown) => void;

  /** @param onAnswer is told of each answer that is not refused */
  constructor({ url, user, password }: Connection, onAnswer: (answer: unknown) => void = () => {}) {
    this.#onAnswer = onAnswer;
    this.url = url.replace(/\/$/, '');
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  /** The JSON of the answer, `undefined` where it has none. @throws Error in one sentence. */
  async send<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const answer = await this.#read<T>(await this.#fetch(method, path, body));
    this.#onAnswer(answer);
    return answer;
  }

  /** Asks for what is waited for: whether it came to be in time. @throws Error in one sentence. */
  async isInTime(path: string): Promise<boolean> {
    const answer = await this.#fetch('GET', path, undefined);
    if (answer.status === 408) return false;
    this.#onAnswer(await this.#read(answer));
    return true;
  }

  async #read<T>(answer: Response): Promise<T> {
    const text = await answer.text();
    if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
    throw new Error(`${this.url} refuses: ${readMessage(text) ?? answer.statusText}.`);
  }

  /**
   * The items of a list, over all of its pages. `key` names the list in the answer.
   * @param most how many at most; all by default
   */
  async list<T>(path: string, key: string, most = Number.POSITIVE_INFINITY): Promise<T[]> {
    const items: T[] = [];
    let next: string | undefined = path;
    while (next !== undefined && items.length < most) {
      const answer: Response = await this.#fetch('GET', next, undefined);
      const page: Record<string, T[]> = await this.#read(answer);
      items.push(...(page[key] ?? []));
      // A link to another host would be handed the password.
      next = /^<(\/[^>]*)>; *rel="next"/.exec(answer.headers.get('Link') ?? '')?.[1];
    }
    const found = items.slice(0, most);
    this.#onAnswer({ [key]: found });
    return found;
  }

  async #fetch(method: Method, path: string, body: unknown): Promise<Response> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { Authorization: this.#authorization, 'Content-Type': 'application/json' };
    try {
      return await fetch(`${this.url}${path}`, { method, headers, ...content });
    } catch (error) {
      throw new Error(`No site answers at ${this.url}.`, { cause: error });
    }
  }
}

/** The first message of an error body, which all our errors have. */
function readMessage(text: string): string | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: { message?: string }[] };
    return errors?.[0]?.message;
  } catch {
    return undefined;
  }
}

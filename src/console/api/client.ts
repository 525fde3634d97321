/** The one door to the management API. */
import { signal } from '@preact/signals';

/** What the API refused, in its own words. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Counts the answers that say that nobody is signed in any more. */
export const refusedSignIns = signal(0);

/** What shows, with each write, that a page of this site makes it. Known while one is signed in. */
let csrfToken = '';

export function keepCsrfToken(token: string): void {
  csrfToken = token;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Path of the page that follows; absent at the last one. */
  readonly next?: string;
}

/** @throws Refusal; TypeError where the site cannot be reached */
export async function get<Answer>(path: string): Promise<Answer> {
  const answer = await ask('GET', path);
  return (await answer.json()) as Answer;
}

/** A page of a list. @param key names the list in the answer @throws as {@link get} */
export async function getPage<Item>(key: string, path: string): Promise<Page<Item>> {
  const answer = await ask('GET', path);
  const items = ((await answer.json()) as Record<string, readonly Item[]>)[key] ?? [];
  const [, next] = /<([^>]+)>; *rel="?next/.exec(answer.headers.get('link') ?? '') ?? [];
  return { items, ...(next ? { next } : {}) };
}

/** Changes something. @returns the answer, where there is one @throws as {@link get} */
export async function send<Answer = unknown>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer | undefined> {
  const answer = await ask(method, path, body === undefined ? undefined : JSON.stringify(body));
  const text = await answer.text();
  return text === '' ? undefined : (JSON.parse(text) as Answer);
}

async function ask(method: string, path: string, body?: string): Promise<Response> {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(method === 'GET' ? {} : { 'meridian-csrf': csrfToken }),
  };
  const content = body === undefined ? {} : { body };
  const answer = await fetch(path, { ...content, method, headers, cache: 'no-store' });
  if (answer.ok) return answer;
  const refusal = await readRefusal(answer);
  if (answer.status === 401) refusedSignIns.value += 1;
  throw refusal;
}

interface Errors {
  readonly errors?: readonly { readonly code: string; readonly message: string }[];
}

async function readRefusal(answer: Response): Promise<Refusal> {
  const { errors } = (await answer.json().catch(() => ({}))) as Errors;
  const { code = 'UNKNOWN', message = `the site answered with ${answer.status}` } =
    errors?.[0] ?? {};
  return new Refusal(answer.status, code, message);
}

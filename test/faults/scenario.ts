/**
 * All that a client does with a registry, once: logging in, every way to push, reading back,
 * deleting and giving up. Each step says which answer it wants; the first other one ends it.
 */
import { Client, type Credentials } from '../conformance/client.ts';
import { type Answer, jsonOf } from '../conformance/exchange.ts';
import { type Content, Fixtures, imageOf, indexOf } from '../conformance/fixtures.ts';
import { locationOf, Repository } from '../conformance/repository.ts';

/** An answer that was not the one that the step wanted. */
export class Unwanted extends Error {
  readonly step: string;
  readonly answer: Answer;

  constructor(step: string, answer: Answer) {
    super(`${step}: ${answer.status} ${answer.body.subarray(0, 200).toString()}`);
    this.step = step;
    this.answer = answer;
  }
}

export interface Place {
  readonly url: URL;
  readonly credentials: Credentials;
  /** Repositories of this scenario begin with it; its content follows from it. */
  readonly name: string;
}

function want(step: string, answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Unwanted(step, answer);
  return answer;
}

/** What the scenario pushes; the same for the same name. */
export function contentsOf(name: string) {
  const fixtures = new Fixtures(name);
  const [config, chunked, whole] = [fixtures.config(), fixtures.blob(3000), fixtures.blob(2000)];
  const image = imageOf(config, [chunked, whole]);
  return { config, chunked, whole, image, index: indexOf([image]) };
}

/** @throws Unwanted where an answer is not the one that a sound registry gives. */
export async function runScenario(place: Place): Promise<void> {
  const { url, credentials, name } = place;
  const client = new Client(url, credentials);
  const fixtures = new Fixtures(name);
  const repository = new Repository(client, `${name}/a`, fixtures);
  const other = new Repository(client, `${name}/b`, fixtures);
  await logIn(place);
  await pushAll(repository, name);
  await mountInto(other, repository, contentsOf(name).whole);
  await readBack(repository, name);
  await giveUp(repository);
  await deleteAll(repository, name);
}

/** As containerd does: a form with the password, then one with the refresh token that it got. */
async function logIn({ url, credentials }: Place): Promise<void> {
  const { user, password } = credentials;
  const scope = 'repository:a:pull';
  const common = { service: 'test', client_id: 'faults', scope };
  const first = want(
    'the token by password',
    await postForm(url, {
      ...common,
      grant_type: 'password',
      username: user,
      password,
      access_type: 'offline',
    }),
    200,
  );
  const { refresh_token } = jsonOf<{ refresh_token: string }>(first);
  const grant = { ...common, grant_type: 'refresh_token', refresh_token };
  want('the token by refresh token', await postForm(url, grant), 200);
}

async function postForm(url: URL, fields: Record<string, string>): Promise<Answer> {
  const target = new URL('/jwt/auth', url);
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const body = Buffer.from(new URLSearchParams(fields).toString());
  return new Client(url).send('POST', target, { headers, body, authorization: '' });
}

async function pushAll(repository: Repository, name: string): Promise<void> {
  const { config, chunked, whole, image, index } = contentsOf(name);
  await pushInChunks(repository, chunked);
  const started = await repository.startUpload(`?digest=${whole.digest}`, { body: whole.bytes });
  want('a single POST', started, 201);
  const opened = want('the start of an upload', await repository.startUpload(), 202);
  const closed = await repository.close(locationOf(opened), config.digest, { body: config.bytes });
  want('a PUT of a whole blob', closed, 201);
  want('a manifest by digest', await repository.putManifest(image), 201);
  want('an index by tag', await repository.putManifest(index, 'latest'), 201);
  want('a manifest by tag', await repository.putManifest(image, 'amd64'), 201);
}

async function pushInChunks(repository: Repository, { bytes, digest }: Content): Promise<void> {
  const opened = want('the start of a chunked upload', await repository.startUpload(), 202);
  const first = await repository.patch(locationOf(opened), bytes.subarray(0, 1000), '0-999');
  const second = await repository.patch(
    locationOf(want('the first PATCH', first, 202)),
    bytes.subarray(1000, 2000),
    '1000-1999',
  );
  const location = locationOf(want('the second PATCH', second, 202));
  const status = await repository.client.send('GET', location);
  want('the status of an upload', status, 204);
  const closed = await repository.close(location, digest, { body: bytes.subarray(2000) });
  want('the PUT that ends a chunked upload', closed, 201);
}

async function mountInto(to: Repository, from: Repository, blob: Content): Promise<void> {
  const named = await to.startUpload(`?mount=${blob.digest}&from=${from.name}`);
  want('a mount', named, 201);
  want('a mount from anywhere', await to.startUpload(`?mount=${blob.digest}`), 201);
}

async function readBack(repository: Repository, name: string): Promise<void> {
  const { chunked, image, index } = contentsOf(name);
  const tagged = want('GET of a manifest by tag', await repository.getManifest('latest'), 200);
  if (!tagged.body.equals(index.bytes)) throw new Unwanted('the bytes of an index', tagged);
  want('HEAD of a manifest', await repository.headManifest(image.digest), 200);
  want('HEAD of a blob', await repository.headBlob(chunked.digest), 200);
  const blob = want('GET of a blob', await repository.getBlob(chunked.digest), 200);
  if (!blob.body.equals(chunked.bytes)) throw new Unwanted('the bytes of a blob', blob);
  want('a range', await repository.getBlob(chunked.digest, { Range: 'bytes=5-9' }), 206);
  want('the tags', await repository.tags(), 200);
  want('the referrers', await repository.referrers(image.digest), 200);
  want('the catalog', await repository.client.send('GET', '/v2/_catalog'), 200);
}

async function giveUp(repository: Repository): Promise<void> {
  const opened = want('the start of what is given up', await repository.startUpload(), 202);
  const answer = await repository.patch(locationOf(opened), Buffer.from('some'));
  const location = locationOf(want('a PATCH of what is given up', answer, 202));
  want('the cancelling', await repository.client.send('DELETE', location), 204);
}

async function deleteAll(repository: Repository, name: string): Promise<void> {
  const { chunked, image, index } = contentsOf(name);
  want('DELETE of a tag', await repository.send('DELETE', 'manifests/amd64'), 202);
  for (const { digest } of [index, image]) {
    want('DELETE of a manifest', await repository.send('DELETE', `manifests/${digest}`), 202);
  }
  want('DELETE of a blob', await repository.send('DELETE', `blobs/${chunked.digest}`), 202);
}

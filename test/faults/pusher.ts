/** Pushes image after image, and remembers what the registry promised to keep. */
import { Client, type Credentials } from '../conformance/client.ts';
import { type Content, Fixtures, imageOf } from '../conformance/fixtures.ts';
import { expectContent, expectStatus, locationOf, Repository } from '../conformance/repository.ts';

export interface Promised {
  readonly repository: string;
  /** Blobs whose push was acknowledged. */
  readonly blobs: Content[];
  /** Tags and what they point to, acknowledged. */
  readonly tags: Map<string, Content>;
}

export interface PusherOptions {
  readonly url: URL;
  readonly credentials: Credentials;
  /** Names the repository and is the seed of the content. */
  readonly name: string;
  readonly promised: Promised;
}

const LAYER_BYTES = [700_000, 40_000, 250_000];
const CHUNK_BYTES = 100_000;

/** Pushes until the signal aborts or the registry is gone. */
export async function pushOn(options: PusherOptions, signal: AbortSignal): Promise<void> {
  const { url, credentials, name, promised } = options;
  const fixtures = new Fixtures(name);
  const client = new Client(url, credentials);
  const repository = new Repository(client, promised.repository, fixtures);
  try {
    for (let count = 0; !signal.aborted; count += 1) {
      await pushImage({ repository, fixtures, promised, tag: `${name}-${count}` });
    }
  } catch {
    // The registry was killed: what it did not acknowledge was not promised.
  }
}

interface Pushing {
  readonly repository: Repository;
  readonly fixtures: Fixtures;
  readonly promised: Promised;
  readonly tag: string;
}

async function pushImage({ repository, fixtures, promised, tag }: Pushing): Promise<void> {
  const push = async (content: Content, isChunked: boolean): Promise<Content> => {
    if (isChunked) await pushInChunks(repository, content);
    else await repository.pushBlob(content);
    promised.blobs.push(content);
    return content;
  };
  const config = await push(fixtures.config(), false);
  const layers: Content[] = [];
  for (const [index, size] of LAYER_BYTES.entries()) {
    layers.push(await push(fixtures.blob(size), index % 2 === 0));
  }
  const image = imageOf(config, layers);
  await repository.pushManifest(image, tag);
  promised.tags.set(tag, image);
}

export async function pushInChunks(repository: Repository, { bytes, digest }: Content) {
  let location = await repository.openUpload();
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    const answer = await repository.patch(location, bytes.subarray(from, from + CHUNK_BYTES));
    expectStatus(answer, 202);
    location = locationOf(answer);
  }
  expectStatus(await repository.close(location, digest), 201);
}

/** @throws where anything that was promised is not there, or has other bytes. */
export async function expectKept(client: Client, promised: Promised): Promise<void> {
  const repository = new Repository(client, promised.repository, new Fixtures('none'));
  for (const blob of promised.blobs) expectContent(await repository.getBlob(blob.digest), blob);
  for (const [tag, image] of promised.tags) {
    expectContent(await repository.getManifest(tag), image);
  }
}

/** The site that is imported into, by its distribution API: it proves every byte itself. */
import { Readable } from 'node:stream';
import type { Digest } from '../../oci/digest.ts';
import { OCTET_STREAM } from '../../oci/media-type.ts';
import { header, Refusal, type RegistryLine } from './registry-line.ts';
import type { ReadManifest, SizedBlob } from './source.ts';

export class RegistryWriter {
  readonly #line: RegistryLine;

  constructor(line: RegistryLine) {
    this.#line = line;
  }

  /**
   * Has the repository take the blob from another one of the site.
   * @returns whether it did
   */
  async mountBlob(repository: string, digest: Digest, from: string): Promise<boolean> {
    const query = new URLSearchParams({ mount: digest, from });
    const scopes = [...scopesOf(repository), `repository:${from}:pull`];
    const path = `/v2/${repository}/blobs/uploads/?${query.toString()}`;
    const answer = await this.#line.expect(path, { method: 'POST', scopes });
    await answer.body.dump();
    if (answer.statusCode === 201) return true;
    // The upload that was begun instead is not wanted.
    const location = header(answer, 'location');
    if (location) await this.#cancel(location, repository);
    return false;
  }

  /** @param onBytes is told of each piece as it goes out */
  async pushBlob(
    repository: string,
    { digest, sizeBytes }: SizedBlob,
    content: { readonly body: Readable; readonly onBytes: (bytes: number) => void },
  ): Promise<void> {
    const scopes = scopesOf(repository);
    const begun = await this.#line.expect(`/v2/${repository}/blobs/uploads/`, {
      method: 'POST',
      scopes,
    });
    await begun.body.dump();
    const location = new URL(header(begun, 'location') ?? '', this.#line.url);
    location.searchParams.set('digest', digest);
    const body = Readable.from(countBytes(content), { objectMode: false });
    const answer = await this.#line.expect(`${location.pathname}${location.search}`, {
      method: 'PUT',
      headers: { 'content-type': OCTET_STREAM, 'content-length': String(sizeBytes) },
      body,
      scopes,
    });
    await answer.body.dump();
  }

  /** @throws Refusal where the site does not take it */
  async putManifest(
    repository: string,
    { mediaType, content }: ReadManifest,
    reference: string,
  ): Promise<void> {
    const answer = await this.#line.expect(`/v2/${repository}/manifests/${reference}`, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: content,
      scopes: scopesOf(repository),
    });
    await answer.body.dump();
  }

  async #cancel(location: string, repository: string): Promise<void> {
    const { pathname, search } = new URL(location, this.#line.url);
    const asked = { method: 'DELETE' as const, scopes: scopesOf(repository) };
    const answer = await this.#line.ask(`${pathname}${search}`, asked);
    await answer.body.dump();
  }
}

async function* countBytes(content: {
  readonly body: Readable;
  readonly onBytes: (bytes: number) => void;
}): AsyncGenerator<Buffer> {
  for await (const chunk of content.body as AsyncIterable<Buffer>) {
    content.onBytes(chunk.length);
    yield chunk;
  }
}

function scopesOf(repository: string): string[] {
  return [`repository:${repository}:pull,push`];
}

export { Refusal };

/** A primary with some accounts, and what tests of policies ask of it. */
import { expect } from 'chai';
import { hashPassword } from '../../../src/auth/passwords.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import type { Account } from '../../../src/storage/accounts.ts';
import { type Image, makeImage } from '../../two-sites/client.ts';
import { ADMIN, startPrimary, type TestSite } from '../../two-sites/site.ts';
import { patternOf } from '../content.ts';
import type { OpenPorts, TestPorts } from '../ports.ts';

export interface Wish {
  readonly as?: string;
  readonly body?: object | Buffer;
  readonly type?: string;
}

interface Rights {
  readonly pattern?: string;
  readonly actions?: Account['grants'][number]['actions'];
  readonly groups?: readonly string[];
}

export class PolicyStand {
  readonly ports: TestPorts;
  readonly site: TestSite;

  private constructor(ports: TestPorts, site: TestSite) {
    this.ports = ports;
    this.site = site;
  }

  /** @param settings by their names in the environment */
  static async open(
    openPorts: OpenPorts,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<PolicyStand> {
    const ports = await openPorts();
    return new PolicyStand(ports, await startPrimary('tokyo', ports, settings));
  }

  async close(): Promise<void> {
    await this.site.stop();
    await this.ports.close();
  }

  /** A person who may do these things there, with the administrator's password. */
  async addAccount(
    name: string,
    {
      pattern = 'acme/**',
      actions = ['pull', 'push', 'overwrite', 'delete'],
      ...more
    }: Rights = {},
  ): Promise<void> {
    await this.ports.accounts.recordAccount({
      name,
      kind: 'person',
      passwordHash: await hashPassword(ADMIN.password),
      isDisabled: false,
      tokensValidAfter: new Date(0),
      grants: [{ pattern: patternOf(pattern), actions }],
      ...more,
    });
  }

  send(method: string, path: string, { as = ADMIN.user, body, type }: Wish = {}) {
    const content = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return fetch(new URL(path, this.site.url), {
      method,
      ...(content === undefined ? {} : { body: content }),
      headers: {
        authorization: `Basic ${Buffer.from(`${as}:${ADMIN.password}`).toString('base64')}`,
        'content-type': type ?? 'application/json',
      },
    });
  }

  /** Sends what has to succeed. @returns the JSON of the answer, if any */
  async do<Answer>(method: string, path: string, wish: Wish = {}): Promise<Answer> {
    const answer = await this.send(method, path, wish);
    const text = await answer.text();
    expect(answer.ok, `${answer.status} ${text}`).to.equal(true);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }

  /** Sends what has to be refused with 403 DENIED. @returns the sentence */
  async refused(method: string, path: string, wish: Wish = {}): Promise<string> {
    const answer = await this.send(method, path, wish);
    const text = await answer.text();
    expect(answer.status, text).to.equal(403);
    const [error] = (JSON.parse(text) as { errors: { code: string; message: string }[] }).errors;
    expect(error?.code).to.equal('DENIED');
    return error!.message;
  }

  async pushBlob(repository: string, blob: Buffer, wish: Wish = {}): Promise<Response> {
    const query = new URLSearchParams({ digest: digestOf(blob) });
    const path = `/v2/${repository}/blobs/uploads/?${query.toString()}`;
    return this.send('POST', path, { ...wish, body: blob, type: 'application/octet-stream' });
  }

  /** An image with its blobs; its manifest as {@link tag} brings it. */
  async pushBlobs(repository: string, image: Image = makeImage(20)): Promise<Image> {
    for (const blob of [image.config, ...image.layers]) {
      expect((await this.pushBlob(repository, blob)).status).to.equal(201);
    }
    return image;
  }

  /** Where and how a manifest is pushed, for {@link do} and {@link refused}. */
  tag(name: string, image: Image, as?: string): [string, string, Wish] {
    const at = name.indexOf(':');
    const [repository, reference] = [name.slice(0, at), name.slice(at + 1)];
    const wish = { body: image.manifest, type: OCI_MANIFEST, ...(as ? { as } : {}) };
    return ['PUT', `/v2/${repository}/manifests/${reference}`, wish];
  }

  async push(name: string, image?: Image): Promise<Image> {
    const pushed = await this.pushBlobs(name.split(':')[0]!, image);
    await this.do(...this.tag(name, pushed));
    return pushed;
  }

  async digestOf(repository: string, tag: string): Promise<Digest | undefined> {
    const answer = await this.send('HEAD', `/v2/${repository}/manifests/${tag}`);
    return (answer.headers.get('docker-content-digest') ?? undefined) as Digest | undefined;
  }
}

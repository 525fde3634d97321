/** Gives tokens that docker-registry believes, to one account. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jsonwebtoken from 'jsonwebtoken';
import { CERTIFICATE, KEY } from '../certificate.ts';

export interface TokenServer {
  /** What docker-registry needs in its configuration to believe it. */
  readonly auth: object;
  /** How many tokens it gave. */
  count(): number;
  close(): Promise<void>;
}

/** @param account the one that gets whatever it asks for */
export async function startTokenServer(account: {
  readonly username: string;
  readonly password: string;
}): Promise<TokenServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  const rootcertbundle = join(folder, 'bundle.pem');
  await writeFile(rootcertbundle, CERTIFICATE);
  let count = 0;
  const basic = Buffer.from(`${account.username}:${account.password}`).toString('base64');
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Basic ${basic}`) return response.writeHead(401).end();
    count += 1;
    const { searchParams } = new URL(request.url!, 'http://localhost');
    const token = sign(account.username, searchParams, String(count));
    return response.end(JSON.stringify({ token, expires_in: 300 }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const realm = `http://127.0.0.1:${port}/token`;
  return {
    auth: { token: { realm, service: 'real', issuer: 'tests', rootcertbundle } },
    count: () => count,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function sign(subject: string, asked: URLSearchParams, id: string): string {
  const [type, name, actions] = (asked.get('scope') ?? '').split(':');
  const access = type ? [{ type, name, actions: actions!.split(',') }] : [];
  return jsonwebtoken.sign({ access }, KEY, {
    algorithm: 'ES256',
    issuer: 'tests',
    subject,
    audience: asked.get('service')!,
    expiresIn: 300,
    notBefore: -10,
    jwtid: id,
    header: { alg: 'ES256', typ: 'JWT', x5c: [CERTIFICATE.replaceAll(/-----.*-----|\n/g, '')] },
  });
}

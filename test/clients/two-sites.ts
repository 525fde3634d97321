/** Clients at two sites: what is pushed at one is pulled at the other, with one log-in each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import type { Layout } from '../support/images/image.ts';
import { requireProgram } from '../support/programs/commands.ts';
import type { ImageClient, Session } from './client.ts';
import { bytesOf, Content, type ContentName } from './content.ts';
import { expectFiles, findDigests } from './matrix.ts';
import { type ClientSite, openPair, type Pair, type Writes } from './pair.ts';

const TIMEOUT_MS = 300_000;

/** What a push costs beside the bytes of its blobs, at the very most. */
const TALK_BYTES = 200_000;

export interface Visitors {
  readonly clients: readonly ImageClient[];
  readonly contents: readonly ContentName[];
}

/** What is there of one run, for the tests of each client. */
interface Stand {
  readonly pair: () => Pair;
  readonly writes: Writes;
  readonly contents: readonly ContentName[];
  readonly layouts: Content;
  /** Logs the client in at both sites. */
  readonly visit: (client: ImageClient) => Promise<Visit>;
}

/** A client that is logged in at both sites. */
interface Visit {
  readonly atPrimary: Session;
  readonly atSecondary: Session;
  /** What it pushed, by repository. */
  readonly pushed: Map<string, Layout>;
}

export function describeSites(writes: Writes, { clients, contents }: Visitors): void {
  describe(`clients at two sites, with MERIDIAN_WRITES=${writes}`, function () {
    this.timeout(TIMEOUT_MS);
    const opened: Session[] = [];
    const visits = new Map<ImageClient, Visit>();
    const homes: string[] = [];
    const layouts = new Content();
    let pair: Pair;

    before(async () => {
      pair = await openPair(writes);
    });
    after(async () => {
      closeConnections();
      for (const session of opened) await session.close();
      await pair?.close();
      await layouts.remove();
      for (const home of homes) await rm(home, { recursive: true, force: true });
    });

    const visit = async (client: ImageClient): Promise<Visit> => {
      // podman takes no longer path than 50 characters.
      const home = await mkdtemp(join(tmpdir(), `meridian-${client.name}-`));
      homes.push(home);
      const atPrimary = await client.open(home, pair.primary.registry);
      opened.push(atPrimary);
      const atSecondary = await atPrimary.at(pair.secondary.registry);
      const made = { atPrimary, atSecondary, pushed: new Map<string, Layout>() };
      visits.set(client, made);
      return made;
    };

    it('accept tokens of the other site', () => expectSharedTokens(pair));
    for (const client of clients) {
      describeVisit(client, { pair: () => pair, writes, contents, layouts, visit });
    }
    describeAlone(clients, () => pair, visits);
  });
}

function describeVisit(
  client: ImageClient,
  { pair, writes, contents, layouts, visit }: Stand,
): void {
  describe(client.name, () => {
    let visitor: Visit;

    before(async function () {
      for (const program of client.programs) requireProgram(program, this);
      visitor = await visit(client);
    });

    const push = async (session: Session, repository: string, content: ContentName) => {
      const name = repository.replaceAll('/', '-');
      const layout = await layouts.write(`${writes}-${name}`, content);
      await session.push(layout, repository);
      visitor.pushed.set(repository, layout);
      const digests = await findDigests(pair().primary, repository);
      if (client.keepsDigest) expect(digests[0]).to.equal(layout.digest);
      expect(await findDigests(pair().secondary, repository)).to.deep.equal(digests);
    };

    // How a secondary takes writes makes no difference to what is pushed elsewhere.
    for (const content of writes === 'proxy' ? contents : []) {
      it(`pushes an ${content} to the primary, and pulls it at the secondary at once`, async () => {
        const repository = `${client.name}/here/${content}`;
        await push(visitor.atPrimary, repository, content);
        await expectPull(visitor.atSecondary, { at: pair().secondary, repository }, visitor);
      });
    }

    for (const content of contents) {
      it(`pushes an ${content} through the secondary, and pulls it at the primary`, async () => {
        const repository = `${client.name}/there/${content}`;
        const { line } = pair();
        line.reset();
        await push(visitor.atSecondary, repository, content);
        const carried = line.count.toTarget;
        if (writes === 'redirect') expect(carried).to.be.below(TALK_BYTES);
        else expect(carried).to.be.above(bytesOf(content));
        await expectPull(visitor.atPrimary, { at: pair().primary, repository }, visitor);
      });
    }
  });
}

/** What every client pushed is pulled again at the secondary, which is alone now. */
function describeAlone(
  clients: readonly ImageClient[],
  pair: () => Pair,
  visits: ReadonlyMap<ImageClient, Visit>,
): void {
  describe('after the primary was stopped', () => {
    before(async () => {
      const pushed = [...visits.values()].flatMap((visit) => [...visit.pushed.keys()]);
      for (const repository of pushed) await pair().untilWhole(repository);
      await pair().stopPrimary();
    });

    for (const client of clients) {
      it(`gives ${client.name} at the secondary what it pushed at either site`, async function () {
        for (const program of client.programs) requireProgram(program, this);
        const visitor = visits.get(client);
        const repositories = [...(visitor?.pushed.keys() ?? [])];
        expect(repositories.length, 'images that it pushed').to.be.above(0);
        for (const repository of repositories) {
          await expectPull(visitor!.atSecondary, { at: pair().secondary, repository }, visitor!);
        }
      });
    }
  });
}

interface Source {
  readonly at: ClientSite;
  readonly repository: string;
}

async function expectPull(
  session: Session,
  { at, repository }: Source,
  { pushed }: Visit,
): Promise<void> {
  const pulled = await session.pull(repository);
  expect(pulled.digests.length, 'digests that the client knows').to.be.above(0);
  expect(await findDigests(at, repository)).to.include.members([...pulled.digests]);
  expectFiles(pulled, pushed.get(repository)!);
}

/** A token that one site gave begins an upload at the other; a changed one does not. */
async function expectSharedTokens({ primary, secondary }: Pair): Promise<void> {
  const scope = 'repository:clients/tokens:pull,push';
  for (const [from, to] of [
    [primary, secondary],
    [secondary, primary],
  ] as const) {
    const giver = new Client(from.url, from.registry);
    const challenge = (await giver.findChallenge())!;
    expect(new URL(challenge.realm).host).to.equal(from.url.host);
    const token = await giver.token(challenge, scope);
    const taker = new Client(to.url);
    const begin = async (authorization: string) => {
      const path = '/v2/clients/tokens/blobs/uploads/';
      return (await taker.send('POST', path, { authorization })).status;
    };
    expect(await begin(`Bearer ${token}`)).to.equal(202);
    expect(await begin(`Bearer ${token.slice(0, -8)}AAAAAAAA`)).to.equal(401);
  }
}

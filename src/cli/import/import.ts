/** `meridian import`: an existing registry, copied into the site. */
import { type Command, InvalidArgumentError } from 'commander';
import { CLIENT_VARIABLES } from '../../config/settings.ts';
import { ConfigError, processEnvironment } from '../../config.ts';
import type { Digest } from '../../oci/digest.ts';
import { matchesPath, type PathPattern } from '../../oci/path-pattern.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { printBytes } from '../amounts.ts';
import { type ConnectionOptions, settleConnection, withConnection } from '../connection.ts';
import { EXIT } from '../exit-codes.ts';
import { collectPattern } from '../grants.ts';
import { keepAnswer, say } from '../print.ts';
import { openProgress } from '../progress.ts';
import { collectWord } from '../virtual/options.ts';
import { findKind, type Kind, listRepositories } from './catalog.ts';
import { type Copied, ImportCopy } from './copy.ts';
import { RegistryLine } from './registry-line.ts';
import { RegistryReader } from './source.ts';
import { type Failure, type Plan, survey } from './survey.ts';
import { RegistryWriter } from './target.ts';

interface ImportOptions extends ConnectionOptions {
  readonly from?: Kind;
  readonly repositories?: readonly PathPattern[];
  readonly into?: string;
  readonly sourceUser?: string;
  readonly sourcePassword?: string;
  readonly tokenRealm?: readonly string[];
  readonly parallel: number;
  readonly dryRun?: true;
}

const PASSWORD_VARIABLE = CLIENT_VARIABLES.sourcePassword;

export function addImportCommand(program: Command): void {
  const command = program
    .command('import <registry-url>')
    .description('Copy a registry into the site; run it again to go on, or to bring what is new.')
    .option('--from <kind>', 'docker or harbor; found out by itself', parseKind)
    .option('--repositories <pattern>', 'these alone; may be given several times', collectPattern)
    .option('--into <group>', 'put what comes under this name, such as legacy')
    .option('--source-user <name>', 'account at the registry that is read')
    .option('--source-password <text>', `its password; ${PASSWORD_VARIABLE} by default`)
    .option('--token-realm <host>', 'may be shown that password as well', collectWord)
    .option('--parallel <count>', 'blobs that are on their way at once', parseCount, 4)
    .option('--dry-run', 'only say what would be copied');
  withConnection(command).action(importRegistry);
}

function parseKind(text: string): Kind {
  if (text === 'docker' || text === 'harbor') return text;
  throw new InvalidArgumentError('It is docker or harbor.');
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new InvalidArgumentError('It must be a whole number from 1 to 64.');
}

interface Summary extends Copied {
  readonly isDryRun: boolean;
  readonly repositories: number;
  readonly tagsThere: number;
  /** Bytes that the site lacked. */
  readonly missingBytes: number;
  readonly cachesPassedOver: readonly string[];
  readonly failures: readonly Failure[];
}

async function importRegistry(url: string, options: ImportOptions): Promise<void> {
  const line = openSource(url, options);
  const { url: site, ...credentials } = settleConnection(options);
  const siteLine = new RegistryLine(new URL(site), { ...credentials, realms: 'any' });
  const { repositories, caches } = await listRepositories(
    line,
    options.from ?? (await findKind(line)),
  );
  const places = choosePlaces(repositories, options);
  const [source, target] = [new RegistryReader(line), new RegistryReader(siteLine)];
  const plan = await look({ source, target, places, lanes: options.parallel });
  const missing = findMissing(plan);
  const missingBytes = [...missing.values()].reduce((sum, bytes) => sum + bytes, 0);
  let copied: Copied = { manifests: 0, tags: 0, blobs: 0, mounts: 0, bytes: 0 };
  if (!options.dryRun) {
    const progress = await openProgress('bytes');
    progress.start('copying', missingBytes);
    const writer = new RegistryWriter(siteLine);
    const lanes = options.parallel;
    const onBytes = (bytes: number) => progress.add(bytes);
    const copy = new ImportCopy(plan, { source, target, writer, lanes, onBytes });
    await copy.run().finally(() => progress.stop());
    copied = copy.copied;
  }
  tell({ ...summarise(plan, caches), ...copied, missingBytes }, { ...options, plan });
}

function openSource(text: string, options: ImportOptions): RegistryLine {
  const given = /^https?:\/\//.test(text) ? text : `https://${text}`;
  if (!URL.canParse(given)) throw new ConfigError([`${text} is no address of a registry.`]);
  const password = options.sourcePassword ?? processEnvironment()[PASSWORD_VARIABLE];
  const { sourceUser: user, tokenRealm: realms = [] } = options;
  if (!user) return new RegistryLine(new URL(given));
  if (password) return new RegistryLine(new URL(given), { user, password, realms });
  throw new ConfigError([
    `Give the password of ${user}: --source-password or ${PASSWORD_VARIABLE}.`,
  ]);
}

/** @throws ConfigError where a name would be none here */
function choosePlaces(names: readonly string[], { repositories, into }: ImportOptions) {
  const wanted = names.filter((name) => {
    return !repositories || repositories.some((pattern) => matchesPath(pattern, name));
  });
  return wanted.map((from) => {
    const to = into ? `${into}/${from}` : from;
    if (parseRepositoryName(to)) return { from, to };
    throw new ConfigError([`${to} is no name of a repository.`]);
  });
}

async function look(options: {
  readonly source: RegistryReader;
  readonly target: RegistryReader;
  readonly places: readonly { readonly from: string; readonly to: string }[];
  readonly lanes: number;
}): Promise<Plan> {
  const progress = await openProgress('items');
  const { places } = options;
  progress.start('reading repositories', places.length);
  const onRepository = () => progress.add(1);
  const plan = survey({ ...options, repositories: places, onRepository });
  return plan.finally(() => progress.stop());
}

/** Blobs that the site lacks, once each. */
function findMissing({ repositories, present }: Plan): Map<Digest, number> {
  const blobs = repositories.flatMap(({ manifests }) => manifests.flatMap((one) => one.blobs));
  const missing = blobs.filter(({ digest }) => !present.has(digest));
  return new Map(missing.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
}

function summarise({ repositories, failures }: Plan, caches: readonly string[]) {
  return {
    repositories: repositories.length,
    tagsThere: repositories.reduce((sum, { tagsThere }) => sum + tagsThere, 0),
    cachesPassedOver: caches,
    failures,
  };
}

/** Ends with 3 where anything was left behind. */
function tell(
  figures: Omit<Summary, 'isDryRun'>,
  { dryRun, plan }: ImportOptions & { readonly plan: Plan },
): void {
  const summary: Summary = { ...figures, isDryRun: dryRun ?? false };
  if (summary.failures.length > 0) process.exitCode = EXIT.no;
  keepAnswer(summary);
  const { repositories, tagsThere, missingBytes, bytes } = summary;
  say(`${repositories} repositories were read; ${tagsThere} tags were there already.`);
  if (dryRun) {
    const tags = plan.repositories.reduce((sum, one) => sum + one.tags.length, 0);
    const manifests = plan.repositories.reduce((sum, one) => sum + one.manifests.length, 0);
    say(`${tags} tags and ${manifests} manifests would come, ${printBytes(missingBytes)}.`);
  } else {
    const { tags, manifests, blobs, mounts } = summary;
    const shared = `${mounts} more were in another repository`;
    say(`${tags} tags, ${manifests} manifests and ${blobs} blobs came (${printBytes(bytes)}).`);
    if (mounts > 0) say(`${shared} already.`);
  }
  for (const project of summary.cachesPassedOver) {
    say(`Passed over: ${project} only caches another registry; make it a virtual registry.`);
  }
  for (const { repository, reference, reason } of summary.failures) {
    say(`Left behind: ${repository}${reference ? ` ${reference}` : ''}: ${reason}`);
  }
}

/** The import rule: who may know whom. Each broken rule becomes a sentence that tells the mend. */
import type { Import, Source } from './sources.ts';

/** Where a file stands on the staircase. */
function layerOf(path: string): string {
  const [program, folder, third] = path.split('/');
  if (program !== 'src') return program!;
  if (folder === 'storage') return isPort(third) ? 'ports' : `adapter ${third}`;
  return folder?.endsWith('.ts') ? 'program' : folder!;
}

/** Ports stand in `storage` itself, or with their like in a folder of their own. */
function isPort(third: string | undefined): boolean {
  return (
    ['backup', 'geo', 'events', 'lifecycle', 'people', 'tree', 'virtual'].includes(third!) ||
    third!.endsWith('.ts')
  );
}

/** What everybody above the words may use: time, randomness, log and the coherence of memories. */
const GROUND = [
  'src/clock.ts',
  'src/coherence.ts',
  'src/log.ts',
  'src/metrics.ts',
  'src/randomness.ts',
];

/** What a layer may import besides itself and the ground; `program`, `wire` and `test` may all. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  oci: [],
  ports: ['oci'],
  auth: ['ports', 'oci'],
  registry: ['ports', 'oci'],
  virtual: ['registry', 'ports', 'oci'],
  geo: ['registry', 'ports', 'oci'],
  events: ['ports', 'oci'],
  http: ['auth', 'registry', 'virtual', 'geo', 'events', 'ports', 'oci'],
  adapter: ['ports', 'oci'],
  replication: ['registry', 'geo', 'events', 'auth', 'ports', 'oci'],
  migrations: [],
  console: [],
  cli: ['oci', 'config', 'program', 'backup'],
  backup: ['ports', 'oci', 'config', 'program', 'wire'],
  demo: ['cli', 'http', 'geo', 'oci', 'program'],
  config: ['oci'],
};

/** Files of the replication program that the registry program may start. */
const REPLICATION_DOOR = 'replication/main.ts';

/** How adapters say that they cannot answer, whatever their port is. */
const FAILURES = 'src/storage/failure.ts';

/** The one who runs the migrations. */
const MIGRATOR = 'src/storage/postgres/migrate.ts';

export function findForbiddenImports(source: Source): string[] {
  return source.imports.flatMap((imported) => {
    const { target } = imported;
    const why = target === undefined ? undefined : forbid(source.path, target);
    return why ? [`${source.path} imports ${target}: ${why}`] : [];
  });
}

function forbid(from: string, to: string): string | undefined {
  const [layer, other] = [layerOf(from), layerOf(to)];
  if (layer === 'test' || to === 'package.json') return undefined;
  if (other === 'test') return 'what a test needs of it belongs to the program.';
  if (other.startsWith('adapter') && layer !== other) return forbidAdapter(from);
  if (layer === 'program' || layer === 'wire') return forbidProgram(to, other);
  if (layer === 'ports' && to === FAILURES) return undefined;
  if (layer === 'ports' && other === 'ports') return 'no port knows another; share words of oci.';
  if (layer === other) return undefined;
  if (GROUND.includes(to)) return forbidGround(layer);
  if (other === 'migrations' && from === MIGRATOR) return undefined;
  const allowed = ALLOWED[layer.split(' ')[0]!] ?? [];
  if (allowed.includes(other) || (layer === 'replication' && isWire(from))) return undefined;
  const names = allowed.join(', ') || 'nothing of ours';
  return `${layer} may import ${names}; hand the rest in through a port.`;
}

function isWire(path: string): boolean {
  return path === 'src/wire.ts' || path === 'replication/wire.ts' || path.startsWith('src/wire/');
}

function forbidAdapter(from: string): string | undefined {
  return isWire(from) ? undefined : 'only wire.ts names adapters; ask for the port.';
}

function forbidProgram(to: string, other: string): string | undefined {
  const isBehindTheDoor = other === 'replication' && to !== REPLICATION_DOOR;
  return isBehindTheDoor ? `the replication program is started by ${REPLICATION_DOOR}.` : undefined;
}

function forbidGround(layer: string): string | undefined {
  const isPure = layer === 'oci' || layer === 'ports' || layer === 'migrations';
  return isPure ? `${layer} is pure; time, randomness and logs are given to it.` : undefined;
}

/** The only places that may import a library. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  koa: ['src/http/'],
  '@koa/router': ['src/http/'],
  knex: ['src/storage/postgres/', 'migrations/'],
  pg: ['src/storage/postgres/'],
  ioredis: ['src/storage/redis/'],
  jsonwebtoken: ['src/auth/tokens.ts'],
  '@node-rs/argon2': ['src/auth/'],
  'node-cron': ['replication/schedule.ts'],
  '@aws-sdk/client-s3': ['src/storage/s3/'],
  '@aws-sdk/lib-storage': ['src/storage/s3/'],
  '@aws-sdk/s3-request-presigner': ['src/storage/s3/'],
  'prom-client': ['src/metrics.ts'],
  pino: ['src/log.ts'],
  commander: ['src/main.ts', 'src/cli/'],
  'cli-table3': ['src/cli/'],
  yaml: ['src/config/'],
  'openid-client': ['src/storage/oidc/'],
  'cli-progress': ['src/cli/'],
  '@opentelemetry/api': ['src/wire/traces.ts'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/wire/traces.ts'],
  '@opentelemetry/resources': ['src/wire/traces.ts'],
  '@opentelemetry/sdk-trace-base': ['src/wire/traces.ts'],
  preact: ['src/console/'],
  '@preact/signals': ['src/console/'],
  uplot: ['src/console/parts/plot.ts'],
  'd3-geo': ['src/console/build/', 'src/console/pages/sites/'],
};

export function findForbiddenLibraries(source: Source): string[] {
  if (source.path.startsWith('test/')) return [];
  return source.imports.flatMap((imported) => {
    const name = packageOf(imported);
    if (name === undefined) return [];
    const why = forbidLibrary(source.path, name);
    return why ? [`${source.path} imports ${name}: ${why}`] : [];
  });
}

function forbidLibrary(path: string, name: string): string | undefined {
  const doors = DOORS[name];
  if (doors && !doors.some((door) => path.startsWith(door))) return `its door is ${doors.join()}.`;
  if (path.startsWith('migrations/') && name !== 'knex') return 'migrations import only knex.';
  const isFiles = name === 'node:fs' || name === 'node:fs/promises';
  return isFiles && path.startsWith('src/http/') ? 'http keeps nothing; ask a port.' : undefined;
}

/** Name of the package that is imported; `undefined` for our own files. */
export function packageOf({ specifier }: Import): string | undefined {
  // Modules that the build of the console makes by itself are nobody's.
  if (specifier.startsWith('.') || specifier.startsWith('virtual:')) return undefined;
  if (specifier.startsWith('node:')) return specifier;
  const [scope, name] = specifier.split('/');
  return scope!.startsWith('@') ? `${scope}/${name}` : scope;
}

/** Circles of files that import one another's values; types are gone at run time. */
export function findCycles(sources: readonly Source[]): string[] {
  const targets = new Map(sources.map((source) => [source.path, valuesOf(source)]));
  const [done, cycles] = [new Set<string>(), [] as string[]];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) cycles.push([...trail.slice(start), path].join(' → '));
    if (start !== -1 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return cycles;
}

function valuesOf({ imports }: Source): string[] {
  const loaded = imports.filter(({ isTypeOnly, isLazy }) => !isTypeOnly && !isLazy);
  return loaded.flatMap(({ target }) => target ?? []);
}

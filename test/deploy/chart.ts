/** The chart in `deploy/helm` as objects of Kubernetes, made by our renderer in `render`. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deployment } from 'kubernetes-types/apps/v1.d.ts';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.d.ts';
import type { Job } from 'kubernetes-types/batch/v1.d.ts';
import type { PodSpec, Service, ServiceAccount } from 'kubernetes-types/core/v1.d.ts';
import type { Ingress, NetworkPolicy } from 'kubernetes-types/networking/v1.d.ts';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.d.ts';
import type { Context } from 'mocha';
import { parseAllDocuments } from 'yaml';
import { requireProgram, run } from '../support/programs/commands.ts';
import { skip } from '../support/skips.ts';

export const CHART = 'deploy/helm';
export const CI = join(CHART, 'ci');

const RENDERER = './test/deploy/render';
/** Where Debian keeps libraries of Go. */
const LIBRARIES = '/usr/share/gocode';
/** Only what is installed: nothing is fetched, and no other version of Go. */
const OFFLINE = { GO111MODULE: 'off', GOPATH: LIBRARIES, GOFLAGS: '', GOTOOLCHAIN: 'local' };
/** Go compiles the libraries once on each machine, which a slow one takes a while for. */
const BUILD_MS = 240_000;

interface Kinds {
  readonly Deployment: Deployment;
  readonly Job: Job;
  readonly HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  readonly Ingress: Ingress;
  readonly NetworkPolicy: NetworkPolicy;
  readonly PodDisruptionBudget: PodDisruptionBudget;
  readonly Service: Service;
  readonly ServiceAccount: ServiceAccount;
}

export type Kind = keyof Kinds;
/** Each object says its version, kind and name: `parseObjects` sees to it. */
export type Rendered<K extends Kind = Kind> = {
  readonly [Each in K]: Kinds[Each] & {
    readonly apiVersion: string;
    readonly kind: Each;
    readonly metadata: { readonly name: string };
  };
}[K];

export interface Pod {
  /** Of the Deployment or Job. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export interface Renderer {
  /**
   * What the chart makes of one of the files in `ci`.
   *
   * @param more words of `helm template`, such as `--set`
   * @throws Error with the renderer's one line where the chart refuses the values
   */
  render(values: string, ...more: readonly string[]): Promise<readonly Rendered[]>;
  close(): Promise<void>;
}

/** Skips the suite where Go or its libraries are not installed. */
export async function openRenderer(test: Context): Promise<Renderer> {
  requireProgram('go', test);
  for (const library of ['github.com/Masterminds/sprig', 'github.com/xeipuuv/gojsonschema']) {
    if (!existsSync(join(LIBRARIES, 'src', library))) skip(test, `Debian's ${library} is missing`);
  }
  test.timeout(BUILD_MS);
  const folder = await mkdtemp(join(tmpdir(), 'meridian-chart-'));
  const program = join(folder, 'render');
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const options = { env: OFFLINE, timeoutMs: BUILD_MS };
    await run(['go', 'build', '-o', program, RENDERER], options);
  } catch (error) {
    await close();
    throw error;
  }
  const render: Renderer['render'] = async (values, ...more) =>
    parseObjects(await run([program, ...wordsFor(values, more)]));
  return { render, close };
}

/** What both our renderer and `helm template` are asked with. */
export function wordsFor(values: string, more: readonly string[] = []): string[] {
  return ['--values', join(CI, `${values}-values.yaml`), ...more, 'meridian', CHART];
}

/** @throws Error where a document is no YAML, has a key twice, or is no object with a name */
export function parseObjects(text: string): readonly Rendered[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error) throw error;
    const object = document.toJS() as Rendered | null;
    if (object === null) return [];
    if (object.apiVersion && object.kind && object.metadata?.name) return [object];
    throw new Error(`no object of Kubernetes:\n${document.toString()}`);
  });
}

export function ofKind<K extends Kind>(
  objects: readonly Rendered[],
  kind: K,
): readonly Rendered<K>[] {
  return objects.filter((object) => object.kind === kind) as unknown as Rendered<K>[];
}

export function podsOf(objects: readonly Rendered[]): readonly Pod[] {
  const workloads = [...ofKind(objects, 'Deployment'), ...ofKind(objects, 'Job')];
  return workloads.map(({ metadata, spec }) => ({
    name: metadata.name,
    labels: spec!.template.metadata!.labels!,
    spec: spec!.template.spec!,
  }));
}

/** Whether objects are what Kubernetes takes: by its own definitions, as types of TypeScript. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { run } from '../support/programs/commands.ts';
import type { Rendered } from './chart.ts';

const COMPILER = resolve('node_modules/typescript/bin/tsc');
const TYPES = resolve('node_modules/kubernetes-types');

const CONFIG = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: 'nodenext',
    types: [],
    paths: { 'kubernetes-types/*': [`${TYPES}/*.d.ts`] },
  },
};

/**
 * Compiles each object as a constant of its type. The compiler refuses a field that is missing, one
 * that there is not, at any depth, and a value of another type.
 *
 * @param sets the objects by a name, which errors begin with
 * @throws Error with a line for each thing that is wrong
 */
export async function checkTypes(
  sets: Readonly<Record<string, readonly Rendered[]>>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-objects-'));
  try {
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG));
    for (const [name, objects] of Object.entries(sets)) {
      await mkdir(join(folder, name));
      for (const object of objects) {
        const file = `${object.kind}-${object.metadata.name}.ts`;
        await writeFile(join(folder, name, file), toSource(object));
      }
    }
    await run([execPath, COMPILER, '--pretty', 'false', '--project', folder]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toSource(object: Rendered): string {
  return [
    `import type { ${object.kind} } from 'kubernetes-types/${moduleOf(object.apiVersion)}';`,
    `export const object: ${object.kind} = ${JSON.stringify(object, null, 2)};`,
  ].join('\n');
}

/** `networking.k8s.io/v1` is `networking/v1` there, and `v1` alone `core/v1`. */
function moduleOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.replace('.k8s.io/', '/') : `core/${apiVersion}`;
}

/** The rows about virtual registries, each on a stage of its own. */
import type { Row } from '../table.ts';
import { benchCold } from './cold.ts';
import { benchFirstByte } from './first-byte.ts';
import { benchBlobHits, benchManifestHits, benchUpstreamGone } from './hits.ts';
import { Stage } from './stage.ts';

async function onStage(bench: (stage: Stage) => Promise<Row[]>): Promise<Row[]> {
  await using stage = await Stage.open();
  // Awaited here: the stage is taken down when this returns.
  return await bench(stage);
}

/** By their names; `npm run bench -- virtual` runs them all. */
export const VIRTUAL_ROWS: Readonly<Record<string, () => Promise<Row[]>>> = {
  'virtual-cold': () => onStage((stage) => benchCold(stage, 500)),
  'virtual-first-byte': () =>
    onStage((stage) => benchFirstByte(stage, { rounds: 3, sizeMib: 1024 })),
  'virtual-manifests': () => onStage(benchManifestHits),
  'virtual-blobs': () => onStage((stage) => benchBlobHits(stage, 512)),
  'virtual-gone': () => onStage(benchUpstreamGone),
};

/**
 * The whole suite, in the order of the checklist. Every line is a test named by its number; a line
 * that takes several tests has the number in each.
 */
import { closeConnections } from './exchange.ts';
import { describeGeneral } from './sections/a-general.ts';
import { describeManifestPulls } from './sections/b-pull-manifests.ts';
import { describeBlobPulls } from './sections/c-pull-blobs.ts';
import { describeBlobPushes } from './sections/d-push-blobs.ts';
import { describeChunkedPushes } from './sections/e-push-chunks.ts';
import { describeMounts } from './sections/f-mount.ts';
import { describeManifestPushes } from './sections/g-push-manifests.ts';
import { describeLists } from './sections/h-lists.ts';
import { describeReferrers } from './sections/h-referrers.ts';
import { describeManagement } from './sections/i-management.ts';
import { describeLimits } from './sections/limits.ts';
import { describePullTraps } from './sections/traps-pulls.ts';
import { describeTokenTraps } from './sections/traps-tokens.ts';
import { describeUploadTraps } from './sections/traps-uploads.ts';
import { Stage, type Target } from './stage.ts';

export interface SuiteOptions {
  readonly open: () => Promise<Target>;
  readonly close?: () => Promise<void>;
  /** Makes repository names and content; another one for each run against the same registry. */
  readonly seed: string;
}

export function describeDistribution(title: string, { open, close, seed }: SuiteOptions): void {
  const stage = new Stage(open, seed);
  describe(`The distribution API of ${title}`, () => {
    before(() => stage.open());
    after(async () => {
      closeConnections();
      await close?.();
    });
    for (const describeSection of SECTIONS) describeSection(stage);
  });
}

const SECTIONS = [
  describeGeneral,
  describeManifestPulls,
  describeBlobPulls,
  describeBlobPushes,
  describeChunkedPushes,
  describeMounts,
  describeManifestPushes,
  describeLists,
  describeReferrers,
  describeManagement,
  describeUploadTraps,
  describePullTraps,
  describeTokenTraps,
  describeLimits,
];

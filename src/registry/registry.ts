/** Puts the parts of this folder together. */
import type { Clock } from '../clock.ts';
import type { Coherence } from '../coherence.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Randomness } from '../randomness.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Catalog } from '../storage/catalog.ts';
import type { IdentityStore } from '../storage/identity.ts';
import type { Policies } from '../storage/lifecycle/policies.ts';
import type { Metadata, StoredManifest } from '../storage/metadata.ts';
import type { UploadTracker } from '../storage/upload-tracker.ts';
import { BlobLinks } from './blob-links.ts';
import { BlobMemory } from './blob-memory.ts';
import { Blobs } from './blobs.ts';
import type { Elsewhere } from './elsewhere.ts';
import { Quotas } from './lifecycle/quotas.ts';
import { ManifestMemory } from './manifest-memory.ts';
import { Manifests } from './manifests.ts';
import { Referrers } from './referrers.ts';
import { Repositories } from './repositories.ts';
import { Tags } from './tags.ts';
import { UploadLeases } from './upload-leases.ts';
import { type UploadLimits, UploadSessions } from './upload-sessions.ts';
import { UploadStates } from './upload-state.ts';
import { Uploads } from './uploads.ts';

export interface RegistryDependencies {
  readonly metadata: Metadata;
  readonly catalog: Catalog;
  readonly blobStore: BlobStore;
  readonly uploadTracker: UploadTracker;
  readonly policies: Policies;
  readonly identityStore: IdentityStore;
  readonly coherence: Coherence;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Name of the cluster, to which upload states are bound. */
  readonly cluster: string;
  /** Where content is asked for that is not here; a primary has nobody to ask. */
  readonly elsewhere?: Elsewhere;
  /** Told of each manifest that is read here and may lack something. */
  readonly onRead?: (repository: RepositoryName, manifest: StoredManifest) => void;
  readonly uploadLimits?: UploadLimits;
}

export interface Registry {
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly referrers: Referrers;
  readonly quotas: Quotas;
  readonly repositories: Repositories;
  readonly tags: Tags;
  readonly uploads: Uploads;
  readonly uploadSessions: UploadSessions;
}

export async function openRegistry(dependencies: RegistryDependencies): Promise<Registry> {
  const { coherence, cluster, uploadLimits } = dependencies;
  const manifestMemory = new ManifestMemory(dependencies);
  const blobMemory = new BlobMemory(dependencies);
  coherence.add(manifestMemory);
  coherence.add(blobMemory);
  const quotas = new Quotas(dependencies);
  coherence.add(quotas);
  const states = await UploadStates.open(dependencies, cluster);
  const leases = new UploadLeases(dependencies);
  const blobLinks = new BlobLinks(dependencies);
  return {
    blobs: new Blobs({ ...dependencies, blobLinks, memory: blobMemory }),
    manifests: new Manifests({ ...dependencies, memory: manifestMemory }),
    referrers: new Referrers({ ...dependencies, memory: manifestMemory }),
    quotas,
    repositories: new Repositories(dependencies),
    tags: new Tags(dependencies),
    uploads: new Uploads({ ...dependencies, leases, blobLinks }),
    uploadSessions: new UploadSessions({ ...dependencies, states }, uploadLimits),
  };
}

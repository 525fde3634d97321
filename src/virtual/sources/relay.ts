/**
 * The primary's cache of an upstream, read under the names that its virtual registries have there.
 * The primary answers from that upstream alone, so what comes is bound to it here as well (V20).
 */
import { algorithmOf, digestOf } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { printVirtualName } from '../../oci/virtual-name.ts';
import type { Upstream } from '../../storage/upstream.ts';
import type { Source } from './source.ts';

export function createRelay(
  primary: Pick<Upstream, 'findManifest' | 'openBlob'>,
  registry: string,
): Source {
  const nameOf = (image: RepositoryName) => printVirtualName({ registry, image });
  return {
    /** Between sites a manifest costs little, and it is asked for next. */
    headManifest: async (image, reference) => {
      const found = await primary.findManifest(nameOf(image), reference);
      if (!found) return undefined;
      const { mediaType, content } = found;
      const algorithm = reference.kind === 'digest' ? algorithmOf(reference.digest) : 'sha256';
      return { mediaType, sizeBytes: content.length, digest: digestOf(content, algorithm) };
    },
    findManifest: (image, reference) => primary.findManifest(nameOf(image), reference),
    openBlob: (image, digest, offset) => primary.openBlob(nameOf(image), digest, offset),
  };
}

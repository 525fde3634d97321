/** A site of the demo: `meridian serve`, which also tells the demo what happens at it. */
import { printBytes } from '../cli/amounts.ts';
import { systemClock as clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { watchArrivals } from '../geo/images/watch-arrivals.ts';
import { type SeenImage, watchImages } from '../http/v2/watch-images.ts';
import { parseManifest } from '../oci/manifest.ts';
import { serve } from '../serve.ts';
import type { Site } from '../site.ts';
import type { Happening } from './happening.ts';

/** As `serve`. @throws Error in one sentence */
export async function serveWitnessed(config: Config): Promise<void> {
  const closing = new AbortController();
  try {
    await serve(config, (site) => {
      if (!site.primary) void tellArrivals(site, closing.signal);
      return watchImages((seen) => void tellImage(site, seen));
    });
  } finally {
    closing.abort();
  }
}

async function tellArrivals(site: Site, signal: AbortSignal): Promise<void> {
  const { identity, ports, log } = site;
  try {
    await watchArrivals(
      { ...ports, clock },
      {
        own: identity.site,
        onArrival: ({ repository, tag, ...seen }) =>
          tell({ kind: 'arrived', image: `${repository}:${tag}`, ...seen }),
      },
      signal,
    );
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'the demo hears of no arrivals any more');
  }
}

async function tellImage({ ports, log }: Site, seen: SeenImage): Promise<void> {
  const { kind, repository, tag, digest, source = '' } = seen;
  const image = { image: `${repository}:${tag}`, digest };
  if (kind === 'pulled') return tell({ kind, ...image, source });
  try {
    const manifest = await ports.metadata.findManifest(repository, digest);
    tell({ kind, ...image, content: manifest ? describe(manifest) : 'an image' });
  } catch (error) {
    log.warn({ err: error }, 'the demo is not told of a push');
  }
}

/** What was pushed: its blobs, or what an index names. */
function describe({ content, mediaType }: { content: Buffer; mediaType: string }): string {
  const { blobs, manifests, isIndex } = parseManifest(content, mediaType);
  if (isIndex) return `an index of ${manifests.length} manifests`;
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  return `${blobs.length} blobs, ${printBytes(bytes)}`;
}

/** A demo that is gone hears nothing, which is no failure of the site. */
function tell(happening: Happening): void {
  process.send?.(happening, undefined, undefined, () => undefined);
}

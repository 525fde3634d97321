/** Platforms that an index names, in its order. */

interface Entry {
  readonly platform?: {
    readonly os?: unknown;
    readonly architecture?: unknown;
    readonly variant?: unknown;
  };
}

/**
 * As `linux/arm64/v8`, each once. What builders attach to an image has the platform
 * `unknown/unknown`, and is none.
 */
export function readPlatforms(index: Buffer): string[] {
  const { manifests } = JSON.parse(index.toString('utf8')) as { manifests?: unknown };
  const entries = Array.isArray(manifests) ? (manifests as Entry[]) : [];
  return [...new Set(entries.map(printPlatform))].filter((text) => text !== '');
}

/** As `linux/arm64/v8`; empty where there is none. */
export function printPlatform({ platform }: Entry): string {
  const { os, architecture, variant } = platform ?? {};
  const words = [os, architecture, variant].filter((word) => typeof word === 'string');
  return words.includes('unknown') ? '' : words.join('/');
}

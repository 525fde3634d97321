/** `meridian image show|sites`: what an image is made of, and where it is whole. */
import type { Command } from 'commander';
import { ConfigError } from '../../config.ts';
import { printBytes } from '../amounts.ts';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { printTable, say } from '../print.ts';

interface PartText {
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly platform?: string;
}

interface ContentsText {
  readonly digest: string;
  readonly mediaType: string;
  readonly config?: PartText;
  readonly layers: readonly PartText[];
  readonly manifests: readonly PartText[];
}

interface SitesText {
  readonly sites: readonly {
    readonly site: string;
    readonly state: string;
    readonly arrivedAt: string | null;
    readonly copying: string;
    readonly lacking: { readonly objects: number; readonly bytes: number } | null;
  }[];
}

/** Adds the commands to `meridian image`. */
export function addImageLookCommands(image: Command): void {
  withConnection(
    image
      .command('show <image>')
      .description('Print what name:tag or name@digest is made of: layers, or platforms.'),
  ).action(showImage);
  withConnection(
    image.command('sites <image>').description('Tell at which sites name:tag or name@digest is.'),
  ).action(listSites);
}

/** @param image `name:tag` or `name@digest`, without a host @throws ConfigError */
export function imagePath(image: string): string {
  const [, name, reference] = /^([^@:]+)(?:@|:)(.+)$/.exec(image) ?? [];
  if (name && reference) return `/api/v1/repositories/${name}/manifests/${reference}`;
  throw new ConfigError([`${image} is no image: give name:tag or name@digest, without a host.`]);
}

async function showImage(image: string, options: ConnectionOptions): Promise<void> {
  const contents = await connect(options).send<ContentsText>('GET', imagePath(image));
  const { digest, mediaType, config, layers, manifests } = contents;
  say(`${image} is ${digest}, of the type ${mediaType}.`);
  const rows = [...manifests, ...(config ? [config] : []), ...layers].map((part) => {
    return [part.platform ?? part.mediaType, part.digest, printBytes(part.sizeBytes)];
  });
  await printTable(['part', 'digest', 'size'], rows);
}

async function listSites(image: string, options: ConnectionOptions): Promise<void> {
  const path = `${imagePath(image)}/sites`;
  const { sites } = await connect(options).send<SitesText>('GET', path);
  const rows = sites.map(({ site, state, arrivedAt, copying, lacking }) => {
    const lacks = lacking ? `${lacking.objects} (${printBytes(lacking.bytes)})` : '';
    return [site, state, arrivedAt ?? '', copying, lacks];
  });
  await printTable(['site', 'state', 'arrived', 'copies it', 'lacks'], rows);
}

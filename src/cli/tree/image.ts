/** `meridian image`: images (the code says repositories) and their tags. */
import { type Command, Option } from 'commander';
import { printBytes } from '../amounts.ts';
import { connect } from '../connection.ts';
import { addImageLookCommands } from '../look/image.ts';
import { printTable } from '../print.ts';
import { printJson } from '../virtual/options.ts';
import { addImageEdits } from './edits.ts';
import { type FindOptions, withFilters, withQuery } from './options.ts';

interface ImageText {
  readonly name: string;
  readonly pushedAt?: string;
  readonly pushedBy?: string;
  readonly pulledAt?: string;
}

interface TagText {
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly sizeBytes: number;
  readonly platforms: readonly string[];
  readonly pushedAt: string;
  readonly pushedBy: string;
  readonly pulledAt?: string;
  readonly referrers: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly mediaType: string;
  }[];
}

export function addImageCommands(program: Command): void {
  const image = program.command('image').description('Images and their tags.');
  withFilters(
    image.command('list [path]').description('List the images at or below a path; all by default.'),
  ).action(listImages);
  withFilters(
    image
      .command('tags <name>')
      .description('List the tags of an image with what they point to.')
      .addOption(
        new Option('--sort <order>', 'a minus turns it round')
          .choices(['name', '-name', 'pushed', '-pushed'])
          .default('name'),
      ),
  ).action(listTags);
  addImageEdits(image);
  addImageLookCommands(image);
}

async function listImages(
  tree: string | undefined,
  { prefix, search, json, ...options }: FindOptions,
): Promise<void> {
  const path = withQuery('/api/v1/repositories', { tree, prefix, search });
  const images = await connect(options).list<ImageText>(path, 'repositories');
  if (json) return printJson(images);
  const rows = images.map(({ name, pushedAt = 'never', pushedBy = '', pulledAt = 'never' }) => [
    name,
    pushedAt,
    pushedBy,
    pulledAt,
  ]);
  return printTable(['image', 'last push', 'by', 'last pull'], rows);
}

async function listTags(
  name: string,
  { prefix, search, sort, json, ...options }: FindOptions & { readonly sort: string },
): Promise<void> {
  const path = withQuery(`/api/v1/repositories/${name}/tags`, { prefix, search, sort });
  const tags = await connect(options).list<TagText>(path, 'tags');
  if (json) return printJson(tags);
  return printTable(
    ['tag', 'points to', 'size', 'platforms', 'pushed', 'pulled', 'referrers'],
    tags.map((tag) => [
      tag.name,
      `${tag.digest}\n${tag.artifactType ?? tag.mediaType}`,
      printBytes(tag.sizeBytes),
      tag.platforms.join('\n'),
      `${tag.pushedAt}\n${tag.pushedBy}`,
      tag.pulledAt ?? 'never',
      tag.referrers.map(({ artifactType, mediaType }) => artifactType ?? mediaType).join('\n'),
    ]),
  );
}

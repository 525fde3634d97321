/** The operations on the tree of names, for the OpenAPI document. */
import { z } from 'zod';
import type { Operation } from '../openapi.ts';
import { copyShape, moveShape, renameShape } from './edits.ts';

const PAGE = { n: 'At most so many; 1000 by default.', last: 'Only what comes behind this one.' };
const FOUND = { prefix: 'Only what begins so.', search: 'Only what has this text in it.' };
const DRY_RUN = { dry_run: 'true: changes nothing, and says what would be changed.' };
const LEASE = { dry_run: 'true: changes nothing; leases both names for a minute (202).' };

const copiedShape = z.object({
  image: z.string(),
  digest: z.string(),
  manifests: z.number(),
  blobs: z.number(),
});
const deletedShape = z.object({
  path: z.string(),
  repositories: z.array(z.string()),
  isDryRun: z.boolean(),
});
const movedShape = z.object({
  names: z.array(z.object({ from: z.string(), to: z.string() })),
  leasedUntil: z.iso.datetime().optional(),
});

export const TREE: readonly Operation[] = [
  ['DELETE /api/v1/repositories/{name}', 204, 'Delete a repository with all that is in it.'],
  ['GET /api/v1/groups', 200, 'List the groups.', { query: { ...PAGE, ...FOUND } }],
  [
    'GET /api/v1/projects',
    200,
    'List the projects of a group.',
    { query: { group: 'The first level of their names.', ...PAGE, ...FOUND } },
  ],
  [
    'GET /api/v1/repositories',
    200,
    'List repositories, each with its newest push of a tag.',
    { query: { tree: 'Only those at or below this path.', ...PAGE, ...FOUND } },
  ],
  [
    'GET /api/v1/repositories/{name}/tags',
    200,
    'List tags with what they point to, its size, platforms and referrers.',
    {
      query: {
        n: 'At most so many; 100 by default, and no more.',
        last: 'Where the page before ended, as its Link says.',
        ...FOUND,
        sort: 'name, -name, pushed or -pushed (the newest first).',
      },
    },
  ],
  [
    'GET /api/v1/repositories/{name}/manifests/{reference}',
    200,
    'What an image is made of: layers, or the images of an index.',
  ],
  [
    'GET /api/v1/sizes',
    200,
    'How much a part of the tree holds, each content counted once.',
    { query: { tree: 'A group, a project, or any other path.' } },
  ],
  ['DELETE /api/v1/tags/{name}:{tag}', 204, 'Delete a tag; what it points to stays.'],
  [
    'PUT /api/v1/tags/{name}:{tag}',
    201,
    'Copy an image to this repository and tag. No bytes move.',
    { body: copyShape, answer: copiedShape },
  ],
  [
    'PATCH /api/v1/repositories/{name}',
    200,
    'Give one repository another name.',
    { body: renameShape, query: LEASE, answer: movedShape },
  ],
  [
    'PATCH /api/v1/trees/{name}',
    200,
    'Move all repositories at or below a path.',
    { body: moveShape, query: LEASE, answer: movedShape },
  ],
  [
    'DELETE /api/v1/trees/{name}',
    200,
    'Delete all repositories at or below a path.',
    { query: DRY_RUN, answer: deletedShape },
  ],
];

/** What the bodies of requests about policies must be. */
import { z } from 'zod';
import { parseTreePath, type TreePath } from '../../../oci/lifecycle/policy.ts';
import { parseTagPattern, type TagPattern } from '../../../oci/lifecycle/tag-pattern.ts';

/** More patterns or names than this in one policy are refused. */
const MOST = 20;
const MAX_DAYS = 36_500;

const tags = z
  .array(
    z.string().refine((text) => parseTagPattern(text) !== undefined, {
      message: 'a pattern has the characters of a tag and * for any of them, at most 128',
    }),
  )
  .min(1)
  .max(MOST)
  .transform((texts) => texts as TagPattern[])
  .meta({ description: 'Patterns of tags; * stands for any characters.' });

const names = z.array(z.string().min(1).max(255)).max(MOST);
const count = z.number().int().min(1).max(100_000);
const days = z.number().int().min(1).max(MAX_DAYS);

export const protectionShape = z
  .strictObject({
    tags,
    immutable: z.boolean().optional().meta({
      description: 'Created once, then neither moved nor deleted, by nobody.',
    }),
    accounts: names.optional().meta({ description: 'Who alone may create, move and delete.' }),
    groups: names.optional().meta({ description: 'The members of these may, too.' }),
  })
  .refine(
    ({ immutable, accounts, groups }) => !immutable || !(accounts?.length || groups?.length),
    {
      message: 'an immutable tag is moved by nobody, so it names neither accounts nor groups',
    },
  );

export const retentionShape = z.strictObject({
  tags,
  keep: z
    .strictObject({
      lastPushed: count.optional(),
      lastPulled: count.optional(),
      pushedWithinDays: days.optional(),
      pulledWithinDays: days.optional(),
    })
    .refine((rules) => Object.keys(rules).length > 0, 'say at least once what is kept')
    .meta({ description: 'A tag is kept where one of these says so.' }),
});

export const quotaShape = z.strictObject({
  limitBytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
});

export const retentionRunShape = z.strictObject({
  dryRun: z.boolean().optional().meta({ description: 'Only says what would go.' }),
  path: z
    .string()
    .refine((text) => parseTreePath(text) !== undefined, 'this is no path of the tree of names')
    .transform((text) => text as TreePath)
    .optional()
    .meta({ description: 'Only what lies at or below this path.' }),
});

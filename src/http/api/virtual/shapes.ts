/** What bodies of requests about virtual registries must be. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { parseReference, parseRepositoryName } from '../../../oci/reference.ts';
import { patternShape } from '../accounts.ts';
import { parsedBy } from '../orders.ts';

const MAX_PATTERNS = 100;
const MAX_HOSTS = 20;

/** PostgreSQL keeps every character but this one. */
const NO_NUL = /^[^\0]*$/;

const textShape = z.string().max(1000).regex(NO_NUL);
const patternsShape = z.array(patternShape).max(MAX_PATTERNS);
const imageShape = parsedBy(parseRepositoryName, 'this names no repository');
const referenceShape = parsedBy(parseReference, 'this is neither a tag nor a digest');

export const registryShape = z.strictObject({
  description: textShape.optional(),
  upstreams: z.array(textShape).optional(),
  hosts: z.array(z.string().max(255)).max(MAX_HOSTS).optional(),
  isPublic: z.boolean().optional(),
  unusedDays: z.int().min(1).max(36_500).nullable().optional(),
  maxBytes: z.int().min(0).nullable().optional(),
});

export const upstreamShape = z.strictObject({
  description: textShape.optional(),
  url: z.string().max(2000).optional(),
  prefix: imageShape.optional(),
  username: textShape.min(1).nullable().optional(),
  password: z.string().min(1).max(10_000).nullable().optional(),
  realmHosts: z.array(z.string().max(255).regex(NO_NUL)).max(MAX_HOSTS).optional(),
  rewritesLibrary: z.boolean().optional(),
  maxConcurrency: z.int().min(1).max(1000).optional(),
  timeoutMs: z.int().min(100).max(600_000).optional(),
  ca: z
    .string()
    .max(50_000)
    .refine(isCertificate, 'this is no PEM certificate')
    .nullable()
    .optional(),
  copyTo: imageShape.nullable().optional(),
  validityHours: z.int().min(0).max(876_000).optional(),
  negativeTtlSeconds: z.int().min(0).max(60).optional(),
  allow: patternsShape.optional(),
  deny: patternsShape.optional(),
  exclusive: patternsShape.optional(),
  whenGone: z.enum(['forget', 'keep']).optional(),
  namespace: z.string().min(1).max(255).regex(NO_NUL).nullable().optional(),
  viaPrimary: z.enum(['first', 'when-limited', 'never']).optional(),
});

export const purgeShape = z
  .strictObject({ image: imageShape.optional(), reference: referenceShape.optional() })
  .refine(({ image, reference }) => reference === undefined || image !== undefined, {
    message: 'a reference is one of an image: name both',
  });

export const uploadTokenShape = z
  .strictObject({
    upstream: z.string(),
    image: imageShape,
    kind: z.enum(['manifest', 'blob']),
    reference: referenceShape,
  })
  .refine(({ kind, reference }) => kind === 'manifest' || reference.kind === 'digest', {
    message: 'a blob is named by its digest',
  });

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

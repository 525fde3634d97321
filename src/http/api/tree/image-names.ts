/** Images as people write them: `acme/app:1.0`, or `acme/app@sha256:…`. */
import { z } from 'zod';
import {
  parseReference,
  parseRepositoryName,
  type Reference,
  type RepositoryName,
} from '../../../oci/reference.ts';

export interface ImageName {
  readonly name: RepositoryName;
  readonly reference: Reference;
}

/** Longer than any name with any reference. */
const MAX_LENGTH = 512;

export const imageShape = z
  .string()
  .max(MAX_LENGTH)
  .refine((text) => parseImage(text) !== undefined, 'this names no image');

/** `undefined` where the text names no image, or one by its repository alone. */
export function parseImage(text: string): ImageName | undefined {
  const [, before = '', sign, after = ''] = /^([^:@]*)([:@])(.*)$/s.exec(text) ?? [];
  const [name, reference] = [parseRepositoryName(before), parseReference(after)];
  const kind = sign === '@' ? 'digest' : 'tag';
  return name && reference?.kind === kind ? { name, reference } : undefined;
}

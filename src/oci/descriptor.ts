/** A descriptor: how one content names another (image-spec, descriptor.md). */
import type { Digest } from './digest.ts';

export type Annotations = Readonly<Record<string, string>>;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Size of the content in bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
  /** Where else the content may be had; never fetched by us (A31). */
  readonly urls?: readonly string[];
  readonly platform?: Readonly<Record<string, unknown>>;
}

/** Words of the API about images. */

export interface Tag {
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly platforms: readonly string[];
  readonly pushedAt: string;
  readonly pushedBy: string;
  readonly referrers: readonly Referrer[];
}

export interface Referrer {
  readonly digest: string;
  readonly artifactType?: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

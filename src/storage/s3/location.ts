/**
 * Which bucket, and how to reach it.
 *
 *     s3://<bucket>[/<prefix>][?endpoint=<url>][&region=<name>][&pathStyle=true]
 *
 *     s3://images                                                      Amazon, region by its chain
 *     s3://images/meridian?region=eu-central-1                         below a prefix
 *     s3://images?endpoint=https://minio.example:9000&pathStyle=true   another S3
 */
export interface S3Location {
  readonly bucket: string;
  /** Stands before each key: empty, or ending in a slash. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region?: string;
  /** Bucket in the path, not in the host name: what most servers besides Amazon want. */
  readonly isPathStyle: boolean;
}

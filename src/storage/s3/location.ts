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

const PARAMETERS = new Set(['endpoint', 'region', 'pathStyle']);

/** Reads an `s3:` URL; throws a `TypeError` that says what is wrong with it. */
export function parseS3Location(url: URL): S3Location {
  if (url.protocol !== 's3:' || url.hostname === '') {
    throw new TypeError('an S3 location begins with s3://<bucket>');
  }
  if (url.username || url.password) {
    throw new TypeError('an S3 location holds no credentials: they come from AWS_ACCESS_KEY_ID');
  }
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) throw new TypeError(`an S3 location has no parameter "${unknown}"`);
  const [endpoint, region] = [url.searchParams.get('endpoint'), url.searchParams.get('region')];
  if (endpoint && !/^https?:\/\//.test(endpoint)) {
    throw new TypeError('the endpoint of an S3 location begins with http:// or https://');
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  return {
    bucket: url.hostname,
    prefix: prefix === '' ? '' : `${prefix}/`,
    ...(endpoint ? { endpoint } : {}),
    ...(region ? { region } : {}),
    isPathStyle: url.searchParams.get('pathStyle') === 'true',
  };
}

/** What may be said of a webhook when it is added or changed. */
import { type Command, InvalidArgumentError } from 'commander';
import type { ConnectionOptions } from '../connection.ts';
import { collectPattern } from '../grants.ts';
import { collectWord, parseCount } from '../virtual/options.ts';

export interface WebhookOptions extends ConnectionOptions {
  readonly secret?: string;
  readonly sign?: true;
  readonly format?: string;
  readonly types?: string;
  readonly mediaType?: readonly string[] | false;
  readonly repository?: readonly string[];
  readonly sites?: string;
  /** By name; `false` for none any more. */
  readonly header?: Readonly<Record<string, string>> | false;
  readonly timeout?: number;
  readonly threshold?: number;
  readonly backoff?: number;
}

export function withWebhookOptions(command: Command): Command {
  return command
    .option('--sign', 'sign what is sent; prints the secret once')
    .option('--secret <text>', 'sign it with this: whsec_ and 24 to 64 bytes in base64')
    .option('--format <format>', 'cloudevents, or distribution for its envelope')
    .option('--types <types>', 'only these, with commas: image.complete, push, pull, mount, delete')
    .option('--media-type <type>', 'only content of this type; several times', collectWord)
    .option('--no-media-type', 'content of any type')
    .option('--repository <pattern>', 'only these; may be given several times', collectPattern)
    .option('--sites <names>', 'only at these sites, with commas')
    .option('--header <header>', 'sent along, as "Name: value"; several times', collectHeader)
    .option('--no-header', 'send none along')
    .option('--timeout <ms>', 'how long it may take to answer', parseCount)
    .option(
      '--threshold <count>',
      'after so many failures it is left alone for a while',
      parseCount,
    )
    .option('--backoff <ms>', 'which begins with so long, and doubles', parseCount);
}

/** The body of a request, without its secret. */
export function bodyOf(options: WebhookOptions) {
  const { format, types, mediaType, repository, sites, header, ...pace } = options;
  return {
    format,
    types: types?.split(','),
    mediaTypes: mediaType === false ? null : mediaType,
    repositories: repository,
    sites: sites?.split(','),
    headers: header === false ? null : header,
    timeoutMs: pace.timeout,
    threshold: pace.threshold,
    backoffMs: pace.backoff,
  };
}

function collectHeader(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf(':');
  if (at > 0) return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
  throw new InvalidArgumentError('It must be a name and a value, as in "Authorization: Bearer x".');
}

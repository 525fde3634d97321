/** What every error body must be (checklist 10 and 11). */
import { expect } from 'chai';
import { type Answer, jsonOf } from './exchange.ts';
import { expectStatus } from './repository.ts';

const CODES = new Set([
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
]);

export interface ErrorItem {
  readonly code: string;
  readonly message?: string;
  readonly detail?: unknown;
}

/**
 * The errors of the answer. @throws AssertionError for a body or a code outside the specification.
 */
export function errorsOf(answer: Answer): ErrorItem[] {
  const { method, url } = answer;
  expect(answer.body.length, `${method} ${url.pathname} has an error body`).to.be.above(0);
  const { errors } = jsonOf<{ errors: ErrorItem[] }>(answer);
  expect(errors.length, 'errors').to.be.above(0);
  for (const { code } of errors) expect(CODES, `the code ${code}`).to.include(code);
  return errors;
}

/** @throws where status or code differ; a HEAD has no body to look at. */
export function expectError(answer: Answer, status: number, ...codes: string[]): void {
  expectStatus(answer, status);
  if (answer.method === 'HEAD') return;
  expect(codes).to.include(errorsOf(answer)[0]?.code);
}

/**
 * Where an image is whole, and waiting for it:
 * `/api/v1/repositories/<name>/manifests/<reference>/sites` and `…/wait?sites=a,b&timeout=30s`.
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { ImageSites, ImageStatus } from '../../geo/images/image-sites.ts';
import { RegistryError } from '../../oci/error.ts';
import {
  parseReference,
  parseRepositoryName,
  type Reference,
  type RepositoryName,
} from '../../oci/reference.ts';
import { jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { repositoryScope } from '../authorize.ts';
import type { PassOn } from '../forward/pass-on.ts';
import { askPrimary } from './status.ts';

export interface ImageDependencies {
  readonly imageSites: ImageSites;
  readonly gatekeeper: Gatekeeper;
  /** Asks the primary, to whom the sites report; absent at the primary itself. */
  readonly passOn?: PassOn | undefined;
  /** Aborts when the server drains: a wait may take minutes. */
  readonly draining: AbortSignal;
}

/** Names have slashes, so the path is matched as a whole. */
const IMAGE =
  /^\/api\/v1\/repositories\/(?<name>.+)\/manifests\/(?<reference>[^/]+)\/(?:sites|wait)$/;

const DEFAULT_TIMEOUT = '30s';
const MAX_TIMEOUT_MS = 10 * 60 * 1000;
const FRESH = { 'Cache-Control': 'no-store' };

export function imageRoutes(dependencies: ImageDependencies): Router {
  const router = new Router();
  router.get(IMAGE, (context) => answer(context, dependencies));
  return router;
}

/** For whoever may pull the repository. */
async function answer(context: Context, dependencies: ImageDependencies): Promise<void> {
  const { gatekeeper, passOn, imageSites } = dependencies;
  const { repository, reference } = readImage(context);
  const scopes = [repositoryScope(repository, 'pull')];
  const caller = await gatekeeper.authenticate(context.req, () => scopes);
  const verdict = caller.isAdministrator ? 'granted' : caller.judge('pull', repository);
  if (verdict === 'ask') throw gatekeeper.unauthorized(context.req, { scopes });
  if (verdict === 'denied') throw new RegistryError('DENIED');
  if (context.path.endsWith('/wait')) readWait(context);
  if (passOn) return askPrimary(context, passOn);
  if (context.path.endsWith('/wait')) {
    return waitFor(context, { repository, reference }, dependencies);
  }
  await writeAnswer(context, jsonAnswer(await imageSites.find(repository, reference), FRESH));
}

interface Image {
  readonly repository: RepositoryName;
  readonly reference: Reference;
}

/** > 408 (Request Timeout) … did not receive a complete … within the time (RFC 9110, 15.5.9) */
async function waitFor(
  context: Context,
  { repository, reference }: Image,
  { imageSites, draining }: ImageDependencies,
): Promise<void> {
  const gone = new AbortController();
  context.res.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, draining]);
  const wait = { ...readWait(context), signal };
  const { isComplete, ...status } = await imageSites.wait(repository, reference, wait);
  if (!isComplete && draining.aborted) throw stopping();
  const body: ImageStatus = status;
  const head = jsonAnswer(body, FRESH);
  await writeAnswer(context, isComplete ? head : { ...head, status: 408 });
}

/** The time is not over: whoever asks again waits on. */
function stopping(): RegistryError {
  return new RegistryError('UNSUPPORTED', {
    status: 503,
    message: 'this site is being stopped: ask again',
    headers: { 'Retry-After': '5' },
  });
}

/** @throws RegistryError NAME_INVALID, MANIFEST_INVALID */
function readImage({ path }: Context): Image {
  const { name = '', reference: text = '' } = IMAGE.exec(path)?.groups ?? {};
  const repository = parseRepositoryName(name);
  if (repository === undefined) throw new RegistryError('NAME_INVALID');
  const reference = parseReference(text.replace(/%3a/i, ':'));
  if (reference !== undefined) return { repository, reference };
  throw new RegistryError('MANIFEST_UNKNOWN', { message: `${text} is neither a tag nor a digest` });
}

function readWait({ querystring }: Context) {
  const query = new URLSearchParams(querystring);
  const sites = query.get('sites')?.split(',').filter(Boolean);
  const text = query.get('timeout') ?? DEFAULT_TIMEOUT;
  const [, count = '', unit] = /^([0-9]{1,6})(s|m)$/.exec(text) ?? [];
  const timeoutMs = Number(count) * (unit === 'm' ? 60_000 : 1000);
  if (count === '' || timeoutMs > MAX_TIMEOUT_MS) {
    const message = 'timeout is a time as 30s or 5m, and 10m at most';
    throw new RegistryError('UNSUPPORTED', { status: 400, message });
  }
  return { timeoutMs, ...(sites && sites.length > 0 ? { sites } : {}) };
}

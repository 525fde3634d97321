/** How the console becomes files: `vite build --config src/console/build/vite.config.ts`. */
import { join } from 'node:path';
import { defineConfig } from 'vite';
import { compressFiles } from './compress-files.ts';
import { drawLand } from './draw-land.ts';

const CONSOLE = join(import.meta.dirname, '..');

export default defineConfig({
  root: CONSOLE,
  base: '/console/',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(CONSOLE, '..', '..', 'dist', 'console'),
    emptyOutDir: true,
    target: 'es2023',
    // A data: address would need a gap in the content security policy.
    assetsInlineLimit: 0,
    // All that runs it load modules ahead by themselves.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // How long compressing takes is known.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  plugins: [drawLand(), compressFiles()],
});

// Writes .br and .gz files beside each built text file, so that the program can embed them as they are
// and never compress while serving.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const kTextFiles = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt']);
const kSmallest = 256; // bytes; below, headers cost more than is saved

function* filesUnder(folder: string): Generator<string> {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

function compress(path: string) {
  const bytes = readFileSync(path);
  if (bytes.length < kSmallest) return;
  const brotli = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}

export function precompress(): Plugin {
  let folder = 'dist';
  return {
    name: 'pioneer-precompress',
    apply: 'build',
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const path of [...filesUnder(folder)]) {
        if (kTextFiles.has(extname(path))) compress(path);
      }
    },
  };
}

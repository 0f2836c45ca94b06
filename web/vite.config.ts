// Builds the page into dist/: hashed assets, no inline scripts (the service sends a strict CSP),
// large libraries (Markdown, formulas, code colours) in chunks of their own.
import { defineConfig } from 'vitest/config';
import { notices } from './notices';
import { precompress } from './precompress';

const service = process.env['PIONEER_URL'] ?? 'http://127.0.0.1:8091';

export default defineConfig({
  plugins: [notices(), precompress()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: ['es2022', 'safari16'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    reportCompressedSize: false,
  },
  server: { host: '127.0.0.1', proxy: { '/api': service } },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'], testTimeout: 30_000 },
});

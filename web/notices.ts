// Writes licenses.txt: the licences of the libraries whose code the page ships.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const kNames = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENSE-MIT.txt', 'license'];

function packageOf(id: string): string | null {
  const parts = id.replaceAll('\\', '/').split('/node_modules/');
  const inside = parts.length > 1 ? parts.at(-1)! : '';
  const [scope, name] = inside.split('/');
  if (!scope) return null;
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

function notice(name: string): string {
  const folder = join('node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  const file = kNames.map((candidate) => join(folder, candidate)).find((path) => existsSync(path));
  const text = file ? readFileSync(file, 'utf8').trim() : '';
  return `${name} ${version} (${license})\n\n${text}\n`;
}

export function notices(): Plugin {
  return {
    name: 'pioneer-notices',
    apply: 'build',
    generateBundle(_options, bundle) {
      const used = new Set<string>();
      for (const output of Object.values(bundle)) {
        for (const id of output.type === 'chunk' ? Object.keys(output.modules) : []) {
          const name = packageOf(id);
          if (name) used.add(name);
        }
      }
      const source = [...used].sort().map(notice).join(`\n${'-'.repeat(72)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source });
    },
  };
}

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(fileURLToPath(import.meta.url), '../../..');

/** The TypeScript files of a folder, as paths relative to the repository's root with forward slashes. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file))
    .sort();
}

export interface Import {
  /** As written, made relative to the repository's root where it is a relative one. */
  target: string;
  /** `import type` and `export type` disappear in the build. */
  typeOnly: boolean;
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const EXPRESSION = /\bimport\(\s*'([^']+)'/g;

/** Static and dynamic imports of a file; comments are no imports. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const resolve = (name: string) => (name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name);
  return [
    ...[...text.matchAll(STATEMENT)].map((match) => ({ target: resolve(match[2] ?? ''), typeOnly: Boolean(match[1]) })),
    ...[...text.matchAll(EXPRESSION)].map((match) => ({ target: resolve(match[1] ?? ''), typeOnly: false })),
  ];
}

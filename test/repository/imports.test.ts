import { execFileSync } from 'node:child_process';
import { builtinModules, createRequire } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, root, sourcesIn } from './sources.ts';

const isBuiltin = (name: string) => name.startsWith('node:') || builtinModules.includes(name);

const rules: { folder: string; mayImport: (target: string) => boolean }[] = [
  // The colour maps' numbers; the package is pure and both sides bundle or depend on it.
  { folder: 'shared', mayImport: (target) => target.startsWith('shared/') || target === 'd3-scale-chromatic' },
  {
    folder: 'plugin/src',
    mayImport: (target) => target.startsWith('plugin/') || target.startsWith('shared/') || target === 'openseadragon',
  },
  {
    folder: 'server/src',
    mayImport: (target) => !target.startsWith('plugin/') && !target.startsWith('openseadragon-cam'),
  },
];

test.each(rules)('$folder imports only what is beneath it', ({ folder, mayImport }) => {
  const sources = sourcesIn(folder);
  expect(sources.length).toBeGreaterThan(0);
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => !mayImport(target))
      .map(({ target }) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('OpenSeadragon, which needs a DOM to load, is only a type to the plugin', () => {
  const wrong = sourcesIn('plugin/src').filter((file) =>
    importsOf(file).some(({ target, typeOnly }) => target === 'openseadragon' && !typeOnly),
  );
  expect(wrong).toEqual([]);
});

test('shared and plugin do without Node', () => {
  const wrong = [...sourcesIn('shared'), ...sourcesIn('plugin/src')].filter((file) =>
    importsOf(file).some(({ target }) => isBuiltin(target)),
  );
  expect(wrong).toEqual([]);
});

test('shared compiles without the types of the DOM and of Node', () => {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = path.join(path.dirname(typescript), 'bin/tsc');
  const compile = () =>
    execFileSync(process.execPath, [tsc, '-p', path.join(root, 'shared/tsconfig.json')], { stdio: 'pipe' });
  expect(compile).not.toThrow();
});

test('no module imports itself through others', () => {
  const graph = new Map(
    ['shared', 'server/src', 'plugin/src', 'demo'].flatMap(sourcesIn).map((file) => [
      file,
      importsOf(file)
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ target }) => target),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) cycles.push([...trail.slice(start), file].join(' -> '));
    if (start >= 0 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

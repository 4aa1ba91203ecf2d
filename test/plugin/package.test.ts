import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { root } from '../repository/sources.ts';

const file = z.string();
const manifest = z
  .object({ main: file, module: file, unpkg: file, jsdelivr: file, types: file })
  .parse(JSON.parse(readFileSync(path.join(root, 'plugin/package.json'), 'utf8')));

const run = (...parameters: string[]) => execFileSync(process.execPath, parameters, { cwd: root, encoding: 'utf8' });
const NAMES = 'CamOverlay,registerCam';

test('the files that the package names are there', () => {
  const absent = Object.values(manifest).filter((name) => !existsSync(path.join(root, 'plugin', name)));
  expect(absent).toEqual([]);
});

test('Node requires and imports it', () => {
  const names = 'Object.keys(plugin).sort().join()';
  expect(run('-p', `const plugin = require('openseadragon-cam'); ${names}`).trim()).toBe(NAMES);
  const importing = `import * as plugin from 'openseadragon-cam'; console.log(${names})`;
  expect(run('--input-type=module', '-e', importing).trim()).toBe(NAMES);
});

test('a script tag finds JavaScript by its name, and sets a global', () => {
  expect(manifest.unpkg).toMatch(/\.js$/);
  expect(manifest.jsdelivr).toBe(manifest.unpkg);
  const page: Record<string, unknown> = {};
  page.globalThis = page;
  runInContext(readFileSync(path.join(root, 'plugin', manifest.unpkg), 'utf8'), createContext(page));
  expect(Object.keys(Object(page.OpenSeadragonCam)).sort().join()).toBe(NAMES);
});

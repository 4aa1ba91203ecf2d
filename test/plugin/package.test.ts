import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { root } from '../repository/sources.ts';

const file = z.string();
const manifest = z
  .object({ main: file, module: file, unpkg: file, jsdelivr: file, types: file })
  .parse(JSON.parse(readFileSync(path.join(root, 'plugin/package.json'), 'utf8')));

const run = (...parameters: string[]) => execFileSync(process.execPath, parameters, { cwd: root, encoding: 'utf8' });
const NAMES = 'CamOverlay,registerCam,setLanguage';

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

test('Node, which has no elements, imports the element', () => {
  const names = 'Object.keys(element).sort().join()';
  expect(run('-p', `const element = require('openseadragon-cam/element'); ${names}`).trim()).toBe('registerCamViewer');
  const importing = `import * as element from 'openseadragon-cam/element'; console.log(${names})`;
  expect(run('--input-type=module', '-e', importing).trim()).toBe('registerCamViewer');
});

const compressedSize = () => gzipSync(readFileSync(path.join(root, 'plugin', manifest.unpkg)), { level: 9 }).length;

test('the script for pages is under 40,000 bytes, compressed', () => {
  expect(compressedSize()).toBeLessThan(40_000);
});

test('publint and attw find nothing wrong with the packed package', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openseadragon-cam-'));
  try {
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    execFileSync('npm', pack, { cwd: path.join(root, 'plugin'), encoding: 'utf8', stdio: 'pipe' });
    const tarball = path.join(folder, readdirSync(folder)[0]);
    const check = (command: string, ...options: string[]) =>
      spawnSync(path.join(root, 'node_modules/.bin', command), [tarball, ...options], {
        cwd: folder,
        encoding: 'utf8',
      });
    const lint = check('publint', '--strict');
    expect(lint.status, lint.stdout + lint.stderr).toBe(0);
    const types = check('attw', '--profile', 'node16', '--exclude-entrypoints', './style.css', '--no-definitely-typed');
    expect(types.status, types.stdout + types.stderr).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a script tag finds JavaScript by its name, and sets a global', () => {
  expect(manifest.unpkg).toMatch(/\.js$/);
  expect(manifest.jsdelivr).toBe(manifest.unpkg);
  const page: Record<string, unknown> = {};
  page.globalThis = page;
  runInContext(readFileSync(path.join(root, 'plugin', manifest.unpkg), 'utf8'), createContext(page));
  expect(Object.keys(Object(page.OpenSeadragonCam)).sort().join()).toBe('CamOverlay,registerCam,setLanguage');
  // What is seldom needed is a script of its own.
  runInContext(readFileSync(path.join(root, 'plugin/dist/on-demand.umd.js'), 'utf8'), createContext(page));
  expect(Object.keys(Object(page.OpenSeadragonCamOnDemand)).sort().join()).toBe(
    'drawRegion,learnStrings,overlayExports,paintComparedScores,patchLabels,showKeyHelp,urlState',
  );
  // The element comes after it.
  runInContext(readFileSync(path.join(root, 'plugin/dist/element.umd.js'), 'utf8'), createContext(page));
  expect(Object.keys(Object(page.OpenSeadragonCamElement))).toEqual(['registerCamViewer']);
});

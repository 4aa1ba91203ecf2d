import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { OPTION_ATTRIBUTES } from '../../plugin/src/element/attributes.ts';
import { root } from '../repository/sources.ts';

const read = (name: string) => readFileSync(path.join(root, name), 'utf8');
const docs = read('docs/plugin.md') + read('docs/embedding.md');

/** Names that begin the lines of a block of a source, as its members do. */
function members(file: string, start: string, line: RegExp): string[] {
  const text = read(file);
  const block = text.slice(text.indexOf(start), text.indexOf('\n}', text.indexOf(start)));
  const names = [...block.matchAll(line)].map(([, name]) => name);
  expect(names.length, `members of ${start}`).toBeGreaterThan(3);
  return names;
}

const OPTION = /^ {2}([a-zA-Z]+)\??:/gm;

test.each([
  ['setting', members('plugin/src/options.ts', 'export interface CamSettings', OPTION)],
  ['option', members('plugin/src/options.ts', 'export interface CamOptions', OPTION)],
  ['event', members('plugin/src/events.ts', 'export interface CamEvents', /^ {2}'([a-z-]+)':/gm)],
  ['method', members('plugin/src/overlay.ts', 'export class CamOverlay', /^ {2}(?:async )?([a-z][a-zA-Z]+)\(/gm)],
  ['attribute', [...OPTION_ATTRIBUTES]],
])('every %s is documented', (_kind, names) => {
  const absent = names.filter((name) => name !== 'constructor' && !new RegExp(`\\b${name}\\b`).test(docs));
  expect(absent).toEqual([]);
});

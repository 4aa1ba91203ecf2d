import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const folder = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** Names of the fixtures that begin with a word. */
export function fixturesNamed(start: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith(start));
}

/** A file of a fixture. */
export function fixtureFile(name: string, file: string): string {
  return join(folder, name, file);
}

/** What `expected.json` says of it. */
export function expectedOf(name: string) {
  return JSON.parse(readFileSync(fixtureFile(name, 'expected.json'), 'utf8'));
}

/** RGB bytes of `patch.png`. */
export function patchOf(name: string): Promise<Uint8Array> {
  return sharp(fixtureFile(name, 'patch.png')).removeAlpha().raw().toBuffer();
}

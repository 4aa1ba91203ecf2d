import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { Problem } from '../errors.ts';
import { firstIssue, type Manifest, manifestSchema } from './manifest-schema.ts';

export type { Manifest };

/** The path of a model's manifest: `STEM.manifest.json` beside it, whether it exists or not. */
export function manifestFile(modelFile: string): string {
  return join(dirname(modelFile), `${basename(modelFile, extname(modelFile))}.manifest.json`);
}

/**
 * Reads a manifest.
 *
 * @returns null where there is none
 * @throws Problem `unreadable-model` naming the file and the value that is wrong
 */
export async function readManifest(file: string): Promise<Manifest | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return null;
    throw new Problem('unreadable-model', `${file}: cannot be read (${code ?? 'unknown error'})`, { cause: error });
  }
  return parseManifest(text, file);
}

/** As `readManifest`, for a text that was read; `file` is for messages. */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : 'unknown';
    throw new Problem('unreadable-model', `${file}: is not JSON: ${reason}`, { cause: error });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message, unknownField } = firstIssue(parsed.error);
  const written = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const found = path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
  const place = `${file}: ${written.replace(/^\./, '') || 'the manifest'}`;
  if (unknownField) throw new Problem('unreadable-model', `${place} has ${message}`);
  const shown = JSON.stringify(found)?.slice(0, 80) ?? 'nothing';
  throw new Problem('unreadable-model', `${place}: ${lowerFirst(message)}, found ${shown}`);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

import { isRecord } from './config-json.ts';

/** What people call the names of a model's classes in a file's metadata; the first that is there counts. */
const CLASS_NAME_FIELDS: readonly string[] = ['class_names', 'classes', 'labels', 'class_indices'];

/** More than any classifier has. */
const MAX_CLASSES = 100_000;
const LONGEST_NAME = 1000;

/**
 * The names of a model's classes in a file's metadata: a list, an object from index to name or from name to index, or
 * either as JSON. What is malformed is ignored, for nothing but names depends on it.
 *
 * @param field gives the metadata's value of a name
 */
export function fileClassNames(field: (name: string) => unknown): string[] | undefined {
  for (const name of CLASS_NAME_FIELDS) {
    const names = listOfNames(parsed(field(name)));
    if (names) return names;
  }
  return undefined;
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function listOfNames(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? value : isRecord(value) ? inOrder(value) : [];
  const names = list.filter((name) => typeof name === 'string' && isPrintable(name));
  const isWhole = names.length > 0 && names.length === list.length && names.length <= MAX_CLASSES;
  return isWhole && new Set(names).size === names.length ? names : undefined;
}

/** Short enough for a legend, and without what moves a terminal's cursor. */
function isPrintable(name: string): boolean {
  return name.trim() !== '' && name.length <= LONGEST_NAME && !/\p{Cc}/u.test(name);
}

/** `{ "0": "cat", "1": "dog" }`, or Keras's `class_indices`: `{ "cat": 0, "dog": 1 }`. */
function inOrder(value: Record<string, unknown>): unknown[] {
  const entries = Object.entries(value);
  const byIndex = new Map(entries.map(([key, name]) => (typeof name === 'number' ? [name, key] : [Number(key), name])));
  return byIndex.size === entries.length ? entries.map((_, index) => byIndex.get(index)) : [];
}

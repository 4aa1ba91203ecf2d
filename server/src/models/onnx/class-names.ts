import type { ModelProto } from './proto.ts';

/** Keys under which exporters keep the names of classes, the most telling first. */
const KEYS: readonly string[] = ['class_names', 'classes', 'labels', 'names', 'id2label'];

/** Longest text that is looked at: a thousand names take 30 kB. */
const LONGEST_TEXT = 1 << 20;
const LONGEST_NAME = 200;

/** The names of classes in a model's metadata; null where there are none, or none that can be told apart. */
export function metadataClassNames(metadata: ModelProto['metadataProps']): string[] | null {
  for (const wanted of KEYS) {
    const text = metadata?.find(({ key }) => key?.toLowerCase() === wanted)?.value;
    const names = text && text.length <= LONGEST_TEXT ? parsedNames(text.trim()) : null;
    if (names && isUsable(names)) return names;
  }
  return null;
}

function isUsable(names: readonly string[]): boolean {
  return (
    names.length > 0 &&
    new Set(names).size === names.length &&
    names.every((name) => name !== '' && name.length <= LONGEST_NAME && !/\p{Cc}/u.test(name))
  );
}

/** A list of names, or an object from index to name, as JSON or as Python writes it; else names with commas or lines. */
function parsedNames(text: string): string[] | null {
  if (text.startsWith('[') || text.startsWith('{') || text.startsWith('(')) {
    const value = json(text) ?? json(jsonOfPython(text));
    return value === null ? null : namesIn(value);
  }
  const separator = /[\r\n]/.test(text) ? /\r?\n|\r/ : ',';
  return text.split(separator).map((name) => name.trim());
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `{0: 'a', 1: "b's"}` as JSON: strings in either quotes, whole numbers as keys, brackets of tuples, trailing commas. */
function jsonOfPython(text: string): string {
  const token = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d+)(?=\s*:)|,(?=\s*[\])}])|[()]/gs;
  return text.replace(token, (whole, single?: string, double?: string, key?: string) => {
    const quoted = single ?? double;
    if (quoted !== undefined) return JSON.stringify(quoted.replace(/\\(['"\\])/g, '$1'));
    if (key !== undefined) return `"${key}"`;
    return { '(': '[', ')': ']' }[whole] ?? '';
  });
}

function namesIn(value: unknown): string[] | null {
  if (Array.isArray(value)) return value.every((name) => typeof name === 'string') ? value : null;
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value);
  const names: string[] = [];
  for (const [key, name] of entries) {
    // { "0": "cat" }, or { "cat": 0 }.
    const [index, text] = typeof name === 'number' ? [name, key] : [Number(key), name];
    if (typeof text !== 'string' || !Number.isInteger(index) || index < 0 || index >= entries.length) return null;
    names[index] = text;
  }
  return entries.length === Object.keys(names).length ? names : null;
}

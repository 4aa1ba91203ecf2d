import type { IncomingMessage } from 'node:http';
import { Problem } from '../errors.ts';

const MAX_BYTES = 1024 * 1024;

/** Lists and objects within each other; what is deeper than the stack could be parsed, and no more looked through. */
const MOST_DEEP = 100;

/**
 * The JSON object or list in a request's body; an empty body is an empty object.
 * @throws Problem `too-large` above 1 MiB, `bad-parameter` where it is neither, not all there or nested too deeply
 */
export async function readJson(request: IncomingMessage): Promise<object> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request) {
      length += part.length;
      if (length > MAX_BYTES) throw new Problem('too-large', `body: expected at most ${MAX_BYTES} bytes, found more`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    // The client went away, or sent what is no HTTP.
    throw new Problem('bad-parameter', `body: expected all of it, found an end after ${length} bytes`, {
      cause: error,
    });
  }
  const text = Buffer.concat(parts).toString('utf8');
  if (text.trim() === '') return {};
  if (isDeep(text)) {
    throw new Problem('bad-parameter', `body: expected lists and objects at most ${MOST_DEEP} deep, found deeper ones`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below, as everything else that is no object.
  }
  throw new Problem(
    'bad-parameter',
    `body: expected a JSON object or list, found ${JSON.stringify(text.slice(0, 40))}`,
  );
}

/** Looks at each character once: the time a text takes must depend on nothing but its length. */
function isDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  for (const character of text) {
    if (isEscaped) isEscaped = false;
    else if (inString && character === '\\') isEscaped = true;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > MOST_DEEP) return true;
  }
  return false;
}

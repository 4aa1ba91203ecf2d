import { Problem } from '../../errors.ts';

/** Bytes of JSON that are read: the largest known network's configuration takes 3 MB. */
export const MAX_JSON_BYTES = 32 * 2 ** 20;

/** Brackets within brackets; a model in a model adds eight. */
const MAX_DEPTH = 200;

/**
 * Parses a file's JSON within bounds.
 *
 * @param what for messages: `model_config`
 * @throws Problem `unreadable-model` for what is no JSON, is too long or nested too deeply
 */
export function parseModelJson(text: string, what: string): unknown {
  if (text.length > MAX_JSON_BYTES) {
    throw new Problem(
      'unreadable-model',
      `has a ${what} of ${text.length} characters; at most ${MAX_JSON_BYTES} are read`,
    );
  }
  if (nestsTooDeeply(text)) {
    throw new Problem('unreadable-model', `has a ${what} with more than ${MAX_DEPTH} brackets within each other`);
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Problem('unreadable-model', `has a ${what} that is not JSON`, { cause: error });
  }
}

/** Counted in the text, before anything is built of it. */
function nestsTooDeeply(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

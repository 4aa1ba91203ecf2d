import { Problem } from '../../errors.ts';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The problem of a configuration that is not as Keras writes it. */
export function malformed(what: string, expected: string, found: unknown): Problem {
  const text = JSON.stringify(found) ?? 'nothing';
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return new Problem('unreadable-model', `model_config: ${what} should be ${expected}, found ${shown}`);
}

/**
 * The version of Keras that a file says wrote it.
 *
 * @param fallback where the file does not say it, or says something else
 * @returns the text for people, and the major version: TensorFlow.js's own layers compute what Keras 2's do
 */
export function kerasVersion(value: unknown, fallback: string): { text: string; major: number } {
  const text = typeof value === 'string' && /^[\w.+ -]{1,40}$/.test(value) ? value : fallback;
  return { text, major: Number.parseInt(text, 10) || 2 };
}

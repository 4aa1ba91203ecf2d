/**
 * A number as JSON writes it: `12`, `-0.5`, `1e-7`, which is how programs print numbers.
 * @returns NaN for every other text: `0x10`, `+1`, `.5`, `01`, spaces, nothing, and what is too large to be finite
 */
export function writtenNumber(text: string): number {
  const number = /^-?(0|[1-9]\d*)(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : Number.NaN;
}

/**
 * A whole number from 0 in digits alone.
 * @returns NaN for every other text, and for what is too large to be exact
 */
export function writtenCount(text: string): number {
  const number = /^(0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : Number.NaN;
}

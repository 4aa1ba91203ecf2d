import type OpenSeadragon from 'openseadragon';
import { ENGLISH } from './languages/en.ts';

export type StringKey = keyof typeof ENGLISH;

/** Every word of the interface in another language. */
export type Language = Readonly<Record<StringKey, string>>;

let library: typeof OpenSeadragon | undefined;

/** Teaches OpenSeadragon the interface's English words, but for those that the page has set already. */
export function learnStrings(osd: typeof OpenSeadragon): void {
  library = osd;
  // A word that nobody has set is complained of where it is looked up.
  const console: unknown = Reflect.get(osd, 'console');
  Reflect.set(osd, 'console', { error: () => {} });
  const unset = Object.entries(ENGLISH).filter(([key]) => osd.getString(`Cam.${key}`) === '');
  Reflect.set(osd, 'console', console);
  setLanguage(osd, Object.fromEntries(unset));
}

/** Has the interface of overlays that are made from now on speak a language. */
export function setLanguage(osd: typeof OpenSeadragon, language: Partial<Language>): void {
  for (const [key, text] of Object.entries(language)) osd.setString(`Cam.${key}`, text);
}

/** What the interface says. */
export function say(key: StringKey, ...values: (string | number)[]): string {
  if (library) {
    // Its type leaves out that it takes values.
    const getString: (property: string, ...inserted: (string | number)[]) => string = library.getString;
    return getString(`Cam.${key}`, ...values);
  }
  return ENGLISH[key].replace(/\{(\d)\}/g, (_, index) => String(values[Number(index)] ?? ''));
}

const formats = new Map<string, Intl.NumberFormat>();

/** A number as the page's language writes it. */
export function numberText(value: number, decimals: number): string {
  const language = (typeof document === 'undefined' ? '' : document.documentElement.lang) || 'en';
  const key = `${language} ${decimals}`;
  const format = formats.get(key) ?? new Intl.NumberFormat(language, fraction(decimals));
  formats.set(key, format);
  return format.format(value);
}

function fraction(digits: number): Intl.NumberFormatOptions {
  return { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
}

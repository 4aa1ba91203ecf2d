import type OpenSeadragon from 'openseadragon';

/** What the interface says, in English; `{0}`, `{1}` stand for values. Other words are set with `OpenSeadragon.setString('Cam.KEY', TEXT)`. */
export const ENGLISH = {
  AllAnalysed: 'all analysed',
  Analysed: '{0} analysed',
  Cells: 'Cells',
  CellsHint: 'Each cell of the model as it is',
  ClassColour: 'Colour of {0}',
  Classes: 'Classes',
  Colours: 'Colours',
  ColoursCustom: 'custom',
  Difference: 'Difference',
  DifferenceHint: 'The first class minus the second',
  Estimated: 'Hatched: estimated so far',
  EstimatedUntil: 'Hatched: estimated so far, {0}',
  FadeLow: 'Fade low scores',
  FilterClasses: 'Filter classes',
  FilterPlaceholder: 'Filter {0} classes',
  Gamma: 'Gamma',
  HideSettings: 'Hide the settings',
  High: 'Score at the high end of the scale',
  Histogram: 'How often each score occurs in the view',
  Interpolation: 'Interpolation',
  KeyClasses: 'Show class 1 to 9',
  KeyHelp: 'Show these keys',
  KeyMode: 'Next mode',
  KeyOpacity: 'Less or more opacity',
  KeySolo: 'On a class: only this one',
  KeyThreshold: 'Threshold, then the arrow keys',
  KeyVisible: 'Show or hide the heatmap',
  Keys: 'Keys',
  KeysClose: 'Close',
  Low: 'Score at the low end of the scale',
  MeanProbability: 'Mean probability of',
  MeanScore: 'Mean score of',
  Mode: 'Mode',
  More: 'More',
  MostLikely: 'Most likely',
  NoHeatmap: 'No heatmap',
  NoPatches: 'no patches',
  NoThreshold: 'none',
  Notes: 'Notes',
  OneClass: 'One class',
  Opacity: 'Opacity',
  Patches: 'Patches',
  PatchesHint: 'Each patch with its own probability',
  Percent: '{0} %',
  Region: 'Region',
  Reset: 'Reset',
  Score: 'Score',
  ScoreOfPatch: 'Patch score',
  ScorePatch: 'Patch probability',
  ScoreProbability: 'Probability',
  Several: 'Several',
  SharesOf: 'Shares of',
  SharpInHours: 'sharp in {0} h',
  SharpInMinutes: 'sharp in {0} min',
  SharpInSeconds: 'sharp in {0} s',
  ShowHeatmap: 'Show heatmap',
  ShowSettings: 'Show the settings',
  Slide: 'Slide',
  Smooth: 'Smooth',
  SmoothHint: 'Interpolated between cells',
  Threshold: 'Threshold: scores below are not shown',
  TissueProbability: 'Mean probability, tissue of',
  TissueScore: 'Mean score, tissue of',
  TryingAgain: '{0}; trying again',
  Unanswered: 'The server does not answer',
  UndoReset: 'Undo reset',
  Unsure: 'Unsure',
  UnsureHint: 'Where the model is unsure: the entropy of its probabilities',
  View: 'View',
} as const;

export type StringKey = keyof typeof ENGLISH;

/** Every word of the interface in another language. */
export type Language = Readonly<Record<StringKey, string>>;

let library: typeof OpenSeadragon | undefined;

/** Teaches OpenSeadragon the interface's English words, but for those that the page has set already. */
export function learnStrings(osd: typeof OpenSeadragon): void {
  library = osd;
  const { console } = osd;
  // A word that nobody has set is complained of where it is looked up.
  osd.console = { ...console, error: () => {} };
  const unset = Object.entries(ENGLISH).filter(([key]) => osd.getString(`Cam.${key}`) === '');
  osd.console = console;
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

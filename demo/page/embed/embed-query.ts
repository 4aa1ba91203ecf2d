import { optionsFromTexts } from '../../../plugin/src/element/attributes.ts';
import type { CamOptions } from '../../../plugin/src/index.ts';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { writtenNumber } from '../../../shared/written-number.ts';
import { isTheme, type Theme } from '../theme-choice.ts';
import { readRegion } from './host-message.ts';

const PANELS = ['open', 'closed', 'none'] as const;

/** What the address of an embedded page says. */
export interface EmbedQuery {
  slide: string | undefined;
  model: string | undefined;
  /** What is shown first; all of the slide where it is left out. */
  view: Rectangle | undefined;
  theme: Theme;
  navigator: boolean;
  options: Partial<CamOptions>;
}

/** Of these the page takes care itself; an address to compare with would be asked for by rights of the page's own. */
const NOT_OPTIONS = ['theme', 'urlState', 'showControl', 'controlCollapsed', 'compareWith'];

/** @throws Error that names the parameter, what was expected and what was found */
export function readEmbedQuery(query: URLSearchParams): EmbedQuery {
  const theme = query.get('theme') ?? 'system';
  if (!isTheme(theme)) throw new Error(`theme: expected one of system, light, dark, found ${theme}`);
  const known = ['slide', 'model', 'view', 'theme', 'panel', 'navigator'];
  const options = optionsFromTexts((option) => {
    if (NOT_OPTIONS.includes(option)) return null;
    known.push(option);
    return query.get(option);
  });
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new Error(`${name}: expected one of ${known.join(', ')}`);
    if (query.getAll(name).length > 1) throw new Error(`${name}: expected it once, found ${query.getAll(name).length}`);
  }
  const panel = oneOf('panel', query.get('panel') ?? 'open', PANELS);
  const navigator = oneOf('navigator', query.get('navigator') ?? 'true', ['true', 'false']);
  return {
    slide: query.get('slide') || undefined,
    model: query.get('model') || undefined,
    view: viewOf(query.get('view')),
    theme,
    navigator: navigator === 'true',
    options: {
      ...options,
      showControl: panel !== 'none',
      controlCollapsed: panel === 'closed',
    },
  };
}

function viewOf(text: string | null): Rectangle | undefined {
  if (text === null) return undefined;
  try {
    return readRegion(text.split(',').map(writtenNumber));
  } catch {
    throw new Error(`view: expected x,y,width,height in slide pixels, found ${text}`);
  }
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new Error(`${name}: expected one of ${allowed.join(', ')}, found ${value}`);
  return found;
}

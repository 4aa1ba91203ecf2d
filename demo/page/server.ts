import type { HeatmapDescriptor, Method } from '../../shared/heatmap-descriptor.ts';

/** What the page asks of its server. All addresses are relative to the page, so that it works under any prefix. */

export interface SlideEntry {
  id: string;
  title: string;
  width: number;
  height: number;
  /** Microns per pixel; null where the file does not say. */
  mpp: number | null;
  format: string;
}

export interface ModelEntry {
  id: string;
  title: string;
  classes: { name: string }[];
  method: Method;
  /** Microns per pixel that it was trained at; null where it names none. */
  mpp: number | null;
}

/** A file that is in a folder and cannot be shown, and why. */
export interface UnreadableEntry {
  id: string;
  title: string;
  message: string;
}

/** What visitors may add: bytes of an image, and the seconds after which one is removed that nobody looks at. */
export interface UploadLimits {
  bytes: number;
  seconds: number;
}

export interface Lists {
  slides: SlideEntry[];
  unreadableSlides: UnreadableEntry[];
  models: ModelEntry[];
  unreadableModels: UnreadableEntry[];
  /** Null where nobody may add images. */
  uploads: UploadLimits | null;
}

/** The server answered, and said that it cannot: its message is for people. */
export class Refusal extends Error {}

/**
 * Everything that the server offers, all pages of it.
 * @throws Refusal where the server answers with an error; TypeError where it does not answer
 */
export async function fetchLists(signal: AbortSignal): Promise<Lists> {
  // Together, so that where both fail neither is left unheard.
  const [slides, models] = await Promise.all([fetchSlides(signal), fetchModels(signal)]);
  return { ...slides, ...models };
}

interface SlidePage {
  slides: SlideEntry[];
  unreadable?: UnreadableEntry[];
  next?: string | null;
  uploads?: UploadLimits | null;
}

async function fetchSlides(signal: AbortSignal): Promise<Pick<Lists, 'slides' | 'unreadableSlides' | 'uploads'>> {
  const slides: SlideEntry[] = [];
  const unreadableSlides: UnreadableEntry[] = [];
  let uploads: UploadLimits | null = null;
  for (let address: string | null = 'slides'; address !== null; ) {
    const page: SlidePage = await fetchJson(address, signal);
    slides.push(...page.slides);
    unreadableSlides.push(...(page.unreadable ?? []));
    uploads = page.uploads ?? null;
    address = page.next ?? null;
  }
  return { slides, unreadableSlides, uploads };
}

async function fetchModels(signal: AbortSignal): Promise<Pick<Lists, 'models' | 'unreadableModels'>> {
  const { models, unreadable }: { models: ModelEntry[]; unreadable?: UnreadableEntry[] } = await fetchJson(
    'models',
    signal,
  );
  return { models, unreadableModels: unreadable ?? [] };
}

/** Asks whether a slide can be shown. @throws Refusal with the reason; TypeError where the server does not answer */
export async function checkSlide(id: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(slideAddress(id), { signal });
  if (!response.ok) throw await refusalOf(response);
}

/**
 * A picture of the whole heatmap, painted by the server.
 * @throws Refusal where the server answers with an error; TypeError where it does not answer
 */
export async function fetchPicture(slide: string, model: string, query: URLSearchParams): Promise<Blob> {
  const response = await fetch(`${heatmapAddress(slide, model).replace(/\.json$/, '.png')}?${query}`);
  if (!response.ok) throw await refusalOf(response);
  return response.blob();
}

/** How many classes a model tells of a slide; 1 where the server does not say, which the heatmap itself will explain. */
export async function countClasses(slide: string, model: string): Promise<number> {
  try {
    const { classes }: HeatmapDescriptor = await fetchJson(heatmapAddress(slide, model));
    return classes.length;
  } catch {
    return 1;
  }
}

export function slideAddress(id: string): string {
  return `slides/${encodeURIComponent(id)}.dzi`;
}

export function heatmapAddress(slide: string, model: string): string {
  return `heatmaps/${encodeURIComponent(slide)}/${encodeURIComponent(model)}.json`;
}

/** Large enough for the list on a screen of 3 pixels a point. */
const THUMBNAIL_SIZE = 256;

export function thumbnailAddress({ id }: SlideEntry): string {
  return `slides/${encodeURIComponent(id)}/thumbnail.jpeg?size=${THUMBNAIL_SIZE}`;
}

/** Why the server has no thumbnail of a slide; null where it has one, or does not answer. */
export async function thumbnailFault(slide: SlideEntry): Promise<string | null> {
  try {
    const response = await fetch(thumbnailAddress(slide));
    return response.ok ? null : (await refusalOf(response)).message;
  } catch {
    return null;
  }
}

async function fetchJson(address: string, signal?: AbortSignal) {
  const response = await fetch(address, { signal });
  if (!response.ok) throw await refusalOf(response);
  return response.json();
}

async function refusalOf(response: Response): Promise<Refusal> {
  const body = await response.json().catch(() => undefined);
  const message = body?.error?.message;
  return new Refusal(typeof message === 'string' ? message : `The server answered with status ${response.status}.`);
}

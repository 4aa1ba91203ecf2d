import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { attributesOf } from './xml-attributes.ts';

/** What the OME-XML of an OME-TIFF says of one of its images. */
export interface OmePixels {
  /** Microns per pixel; null where it does not say, or pixels are not square. */
  mpp: number | null;
  /** Names of its channels; one channel may have the samples of a colour. */
  channels: string[];
  /** Whether red, green and blue are a channel each, in this order, of one plane and one point in time. */
  hasColourPlanes: boolean;
}

/** Names that are kept. */
const MOST_CHANNELS = 100;

const MICRONS: Record<string, number> = {
  pm: 1e-6,
  Å: 1e-4,
  nm: 1e-3,
  µm: 1,
  um: 1,
  mm: 1e3,
  cm: 1e4,
  m: 1e6,
  in: 25_400,
};

/**
 * Finds the image of a size in OME-XML, or takes its first one.
 * @param xml a description; null is returned where it is no OME-XML
 */
export function omePixels(xml: string, { width, height }: Size): OmePixels | null {
  if (!/<(\w+:)?OME[\s>]/.test(xml)) return null;
  // Bounded, so that no text takes more than linear time.
  const found = [...xml.matchAll(/<(?:\w+:)?Pixels\s([^<>]{0,4096})>/g)].map(({ index, 1: text }) => ({
    index,
    attributes: attributesOf(text),
  }));
  const isWanted = ({ attributes }: (typeof found)[number]) =>
    Number(attributes.get('SizeX')) === width && Number(attributes.get('SizeY')) === height;
  const image = found.find(isWanted) ?? found[0];
  if (image === undefined) return null;
  const { attributes, index: start } = image;
  const end = xml.indexOf('Pixels>', start);
  const content = xml.slice(start, end < 0 ? undefined : end);
  const x = length(attributes, 'PhysicalSizeX');
  const y = length(attributes, 'PhysicalSizeY') ?? x;
  const channels = [...content.matchAll(/<(?:\w+:)?Channel\s([^<>]{0,4096})>/g)]
    .slice(0, MOST_CHANNELS)
    .map(({ 1: text }) => attributesOf(text));
  const isSquare = x !== null && y !== null && Math.abs(x - y) <= 0.01 * x;
  return {
    mpp: isSquare ? x : null,
    channels: channels.map((channel, index) => channel.get('Name') ?? `channel ${index}`),
    hasColourPlanes: isOne(attributes, 'SizeZ') && isOne(attributes, 'SizeT') && areColours(channels),
  };
}

/** Red, green and blue as OME-XML has them: RGBA in one signed number. */
const COLOURS = [0xff0000ff | 0, 0x00ff00ff, 0x0000ffff];
const COLOUR_NAMES = [/^r(ed)?$/i, /^g(reen)?$/i, /^b(lue)?$/i];

function areColours(channels: readonly Map<string, string>[]): boolean {
  const isColour = (channel: Map<string, string>, index: number) =>
    Number(channel.get('Color')) === COLOURS[index] || COLOUR_NAMES[index].test(channel.get('Name') ?? '');
  return channels.length === COLOURS.length && channels.every((c, i) => isOne(c, 'SamplesPerPixel') && isColour(c, i));
}

function isOne(attributes: Map<string, string>, name: string): boolean {
  return Number(attributes.get(name) ?? 1) === 1;
}

/** A length in microns. */
function length(attributes: Map<string, string>, name: string): number | null {
  const value = attributes.get(name);
  if (value === undefined) return null;
  // The micro sign and the Greek letter look the same.
  const unit = (attributes.get(`${name}Unit`) ?? 'µm').replace('\u03bc', '\u00b5');
  const microns = Number(value) * (MICRONS[unit] ?? Number.NaN);
  return microns > 0 ? microns : null;
}

import { z } from 'zod';
import { squareMpp } from './resolution.ts';

/** What the metadata of OME-NGFF say of an image: its multiscales, axes, and channels. */
export interface NgffImage {
  /** Paths of its arrays in the group, full resolution first. */
  datasets: string[];
  /** Names of the axes, in the arrays' order. */
  axes: string[];
  /** Microns per pixel of the first array; null where it does not say, or pixels are not square. */
  mpp: number | null;
  /** As they are called, as far as they are; empty where it names none. */
  channels: string[];
  /** Whether three channels are red, green and blue. */
  isColour: boolean;
}

const VERSIONS: Record<number, string> = { 2: '0.4', 3: '0.5' };

/** UDUNITS-2 names, as OME-NGFF has them. */
const MICRONS: Record<string, number> = {
  picometer: 1e-6,
  angstrom: 1e-4,
  nanometer: 1e-3,
  micrometer: 1,
  millimeter: 1e3,
  centimeter: 1e4,
  decimeter: 1e5,
  meter: 1e6,
  inch: 25_400,
};

const transformations = z
  .array(z.object({ type: z.string(), scale: z.array(z.number()).optional() }))
  .max(10)
  .optional();

const multiscaleSchema = z.object({
  version: z.string().optional(),
  axes: z
    .array(z.object({ name: z.string(), unit: z.string().nullish() }), 'expected a list of axes with names')
    .max(5),
  datasets: z
    .array(
      z.object({ path: z.string().min(1), coordinateTransformations: transformations }),
      'expected a list of arrays',
    )
    .min(1, 'expected at least one array')
    .max(64),
  coordinateTransformations: transformations,
});

const omeSchema = z.object({
  version: z.string().optional(),
  multiscales: z.array(multiscaleSchema).min(1, 'expected at least one image'),
});

const omeroSchema = z.object({
  channels: z.array(z.object({ label: z.string().optional(), color: z.string().optional() })).max(1000),
});

/** Red, green and blue, as `omero` colours and names them. */
const COLOURS = ['ff0000', '00ff00', '0000ff'];
const COLOUR_NAMES = [/^r(ed)?$/i, /^g(reen)?$/i, /^b(lue)?$/i];

/** Where the image of a group is: in the group itself, or, as bioformats2raw writes it, in its first series. */
export function ngffSeries(attributes: Record<string, unknown>): string | undefined {
  const own = { ...attributes, ...Object(attributes.ome) };
  return 'bioformats2raw.layout' in own && !('multiscales' in own) ? '0' : undefined;
}

/**
 * Reads the attributes of a group.
 * @param zarrFormat 2, whose images are OME-NGFF 0.4, or 3, 0.5
 * @throws Error that says for the end of a sentence what is wrong with them
 */
export function ngffImage(attributes: Record<string, unknown>, zarrFormat: 2 | 3): NgffImage {
  const ome: unknown = zarrFormat === 3 ? attributes.ome : attributes;
  const keys = Object(ome);
  if ('plate' in keys || 'well' in keys) {
    throw new Error('it is a plate or a well of many images; the folder of one of them was expected');
  }
  if (!('multiscales' in keys)) {
    throw new Error(`it has no multiscales of OME-NGFF ${VERSIONS[zarrFormat]} (Zarr ${zarrFormat})`);
  }
  const parsed = omeSchema.safeParse(ome);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    const version = versionOf(keys);
    if (version !== undefined && version !== VERSIONS[zarrFormat]) throw otherVersion(version, zarrFormat);
    throw new Error(`its metadata: ${path.join('.')}: ${message}`);
  }
  const [image] = parsed.data.multiscales;
  const version = parsed.data.version ?? image.version;
  if (version !== undefined && version !== VERSIONS[zarrFormat]) throw otherVersion(version, zarrFormat);
  const axes = image.axes.map(({ name }) => name);
  if (!axes.includes('x') || !axes.includes('y') || new Set(axes).size < axes.length) {
    throw new Error(`its axes are ${axes.join(', ') || 'none'}; x and y, and at most t, c and z were expected`);
  }
  const omero = omeroSchema.safeParse(keys.omero);
  const channels = omero.success ? omero.data.channels : [];
  const isColour = (channel: (typeof channels)[number], index: number) =>
    channel.color?.toLowerCase() === COLOURS[index] || COLOUR_NAMES[index].test(channel.label ?? '');
  return {
    datasets: image.datasets.map(({ path }) => path),
    axes,
    mpp: mppOf(image),
    channels: channels.map(({ label }, index) => label ?? `channel ${index}`),
    isColour: channels.length === 0 || (channels.length === COLOURS.length && channels.every(isColour)),
  };
}

function versionOf(ome: { version?: unknown; multiscales?: unknown }): string | undefined {
  const version = ome.version ?? Object(Object(ome.multiscales)[0]).version;
  return typeof version === 'string' ? version : undefined;
}

function otherVersion(version: string, zarrFormat: 2 | 3): Error {
  const found = JSON.stringify(version.slice(0, 20));
  return new Error(`it is OME-NGFF ${found} in Zarr ${zarrFormat}, ${VERSIONS[zarrFormat]} was expected`);
}

/** The first array's scale times that of all arrays, in the axes' units. */
function mppOf({ axes, datasets: [full], coordinateTransformations }: z.infer<typeof multiscaleSchema>): number | null {
  const along = (name: string) => {
    const index = axes.findIndex((axis) => axis.name === name);
    const scales = [full.coordinateTransformations, coordinateTransformations].map((list) => {
      const found = list?.find(({ type }) => type === 'scale');
      return found === undefined ? undefined : (found.scale?.[index] ?? Number.NaN);
    });
    if (scales.every((scale) => scale === undefined)) return Number.NaN;
    return scales.reduce<number>(
      (product, scale) => product * (scale ?? 1),
      MICRONS[axes[index].unit ?? ''] ?? Number.NaN,
    );
  };
  return squareMpp(along('x'), along('y'));
}

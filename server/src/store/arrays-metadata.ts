import { isDeepStrictEqual } from 'node:util';
import type { ArrayMetadata, GroupMetadata } from 'zarrita';

export type ArrayType = 'float32' | 'float64' | 'uint8' | 'uint32';

export interface ArrayLayout {
  /** Its path in the group; `pyramid/4` is array `4` of the nested group `pyramid`. */
  name: string;
  shape: readonly number[];
  chunkShape: readonly number[];
  dtype: ArrayType;
  dimensionNames: readonly string[];
}

/** The arrays of a heatmap. */
export type ArraysLayout = readonly ArrayLayout[];

export type NodeMetadata = ArrayMetadata<ArrayType> | GroupMetadata;

/** Raised when chunks mean something else than before; arrays of another version are not read. */
const FORMAT = 1;

/** What the file `zarr.json` of an array holds. */
export function arrayMetadata({ shape, chunkShape, dtype, dimensionNames }: ArrayLayout): ArrayMetadata<ArrayType> {
  return {
    zarr_format: 3,
    node_type: 'array',
    shape: [...shape],
    data_type: dtype,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [...chunkShape] } },
    // All chunks in one folder: a chunk of five dimensions would otherwise have four folders of its own.
    chunk_key_encoding: { name: 'default', configuration: { separator: '.' } },
    codecs: [
      { name: 'bytes', configuration: { endian: 'little' } },
      { name: 'zstd', configuration: { level: 1, checksum: false } },
      { name: 'crc32c', configuration: {} },
    ],
    // Always a number: zarr-python refuses a group in which one is missing or null.
    fill_value: 0,
    dimension_names: [...dimensionNames],
    attributes: {},
  };
}

/** What each file `zarr.json` of a heatmap holds, by path in the outermost group, whose own path is ''. */
export function nodesMetadata(layout: ArraysLayout, attributes: Record<string, unknown>): Map<string, NodeMetadata> {
  const nodes = new Map<string, NodeMetadata>();
  nodes.set('', { zarr_format: 3, node_type: 'group', attributes: { format: FORMAT, ...attributes } });
  for (const array of layout) {
    const parts = array.name.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      nodes.set(parts.slice(0, depth).join('/'), { zarr_format: 3, node_type: 'group', attributes: {} });
    }
    nodes.set(array.name, arrayMetadata(array));
  }
  return nodes;
}

/**
 * Why the contents of a `zarr.json` do not go with the arrays that are expected, or undefined where they do. What
 * other programs may add or write in another way, such as attributes, does not count.
 * @param found the file's text
 */
export function metadataFault(expected: NodeMetadata, found: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(found);
  } catch {
    return 'expected JSON';
  }
  const known = facts(expected);
  const present = facts(document);
  const name = Object.keys(known).find((key) => !isDeepStrictEqual(known[key], present[key]));
  return name && `expected ${name} ${JSON.stringify(known[name])}, found ${JSON.stringify(present[name])}`;
}

/** What decides whether chunks are understood. */
function facts(document: unknown): Record<string, unknown> {
  const { zarr_format, node_type, attributes, shape, data_type, chunk_grid, chunk_key_encoding, codecs, fill_value } =
    record(document);
  const common = { zarr_format, node_type };
  if (node_type !== 'array') return { ...common, format: record(attributes).format };
  const names = Array.isArray(codecs) ? codecs.map((codec) => record(codec).name) : undefined;
  return { ...common, shape, data_type, chunk_grid, chunk_key_encoding, fill_value, codecs: names };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

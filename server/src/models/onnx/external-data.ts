import { open, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { Problem } from '../../errors.ts';
import { shown } from './network-graph.ts';
import { type GraphProto, onnx, type TensorProto } from './proto.ts';
import { rawByteLength } from './tensor-values.ts';

/** The graph is written again with its data inside, and no protobuf message can be longer. */
export const LARGEST_MODEL_BYTES = 2 ** 31 - 1;

interface Stored {
  tensor: TensorProto;
  location: string;
  offset: number;
  length: number;
}

/**
 * Reads what a model keeps in files beside it into its tensors, each file once.
 *
 * @returns paths of those files, relative to the model's folder
 * @throws Problem where a path leads out of the folder, or a file is missing or too short
 */
export async function readExternalData(file: string, graph: GraphProto): Promise<string[]> {
  const external = tensorsOf(graph).filter(isExternal).map(storedAt);
  const total = external.reduce((sum, { length }) => sum + length, 0);
  const end = external.reduce((latest, { offset, length }) => Math.max(latest, offset + length), 0);
  if (Math.max(total, end) > LARGEST_MODEL_BYTES) {
    throw new Problem('unreadable-model', `keeps ${Math.max(total, end)} bytes in other files; at most 2 GiB are read`);
  }
  const files = new Map<string, Stored[]>();
  for (const stored of external) {
    const known = files.get(stored.location);
    if (known) known.push(stored);
    else files.set(stored.location, [stored]);
  }
  for (const [location, stored] of files) {
    const bytes = await readPart(
      file,
      location,
      stored.reduce((end, { offset, length }) => Math.max(end, offset + length), 0),
    );
    for (const { tensor, offset, length } of stored) {
      tensor.rawData = bytes.subarray(offset, offset + length);
      tensor.externalData = [];
      tensor.dataLocation = onnx.TensorProto.DataLocation.DEFAULT;
    }
  }
  return [...files.keys()];
}

function isExternal({ dataLocation, externalData }: TensorProto): boolean {
  return dataLocation === onnx.TensorProto.DataLocation.EXTERNAL || Boolean(externalData?.length);
}

/** Constants of a graph, also those that are attributes of its nodes; of inner graphs none. */
function tensorsOf(graph: GraphProto): TensorProto[] {
  const inNodes = (graph.node ?? []).flatMap(({ attribute }) =>
    (attribute ?? []).flatMap(({ t, tensors }) => [...(t ? [t] : []), ...(tensors ?? [])]),
  );
  return [...(graph.initializer ?? []), ...inNodes];
}

function storedAt(tensor: TensorProto): Stored {
  const entry = (key: string) => tensor.externalData?.find((candidate) => candidate.key === key)?.value ?? undefined;
  const location = entry('location') ?? '';
  const expected = rawByteLength(tensor);
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? expected ?? Number.NaN);
  const title = `tensor '${shown(tensor.name)}'`;
  if (!isInside(location)) {
    throw new Problem(
      'unreadable-model',
      `${title} is kept in '${shown(location)}'; a file in the model's own folder is expected`,
    );
  }
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0) {
    throw new Problem('unreadable-model', `${title} has an offset or length in '${shown(location)}' that is no number`);
  }
  if (expected !== null && length !== expected) {
    throw new Problem(
      'unreadable-model',
      `${title} takes ${expected} bytes, but its length in '${location}' is ${length}`,
    );
  }
  return { tensor, location, offset, length };
}

/** A relative path, on any system, that does not climb. */
function isInside(location: string): boolean {
  if (location === '' || location.includes('\0') || /^([\\/]|[A-Za-z]:)/.test(location)) return false;
  return !location.split(/[\\/]/).includes('..');
}

/** The first bytes of a file in the folder, as many as are used. */
async function readPart(modelFile: string, location: string, end: number): Promise<Uint8Array> {
  const path = join(dirname(modelFile), location);
  try {
    const folder = await realpath(dirname(modelFile));
    const real = await realpath(path);
    if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
      throw new Problem('unreadable-model', `'${location}' is a link to a file outside the model's folder`);
    }
    const handle = await open(real, 'r');
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new Problem('unreadable-model', `'${location}' is no file`);
      if (status.size < end) {
        throw new Problem(
          'unreadable-model',
          `'${location}', where weights are kept, should have ${end} bytes or more, found ${status.size}`,
        );
      }
      const bytes = new Uint8Array(end);
      for (let at = 0; at < end; ) {
        const { bytesRead } = await handle.read(bytes, at, Math.min(end - at, 1 << 30), at);
        if (bytesRead === 0) throw new Problem('unreadable-model', `'${location}' became shorter while it was read`);
        at += bytesRead;
      }
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : `cannot be read (${code ?? error})`;
    throw new Problem('unreadable-model', `'${shown(location)}', where weights are kept, ${reason}`, { cause: error });
  }
}

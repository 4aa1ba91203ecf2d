/**
 * The thread that reads an HDF5 file for `hdf5.ts`: a damaged file can make the library loop for ever or abort, and a
 * thread can be ended, with all its memory. The file's bytes are all that the library sees: links to other files lead
 * nowhere. Plain JavaScript, for Node itself starts it.
 */
import { parentPort } from 'node:worker_threads';
import { File, ready } from 'h5wasm';

/** Groups and datasets altogether; a network of a thousand layers has ten thousand. */
const MAX_OBJECTS = 100_000;
/** Groups within groups; a link may lead back up. */
const MAX_DEPTH = 64;
const MAX_ATTRIBUTE_BYTES = 32 * 2 ** 20;
/** How many times the file's size compressed numbers may be: those of a trained network hardly shrink. */
const MAX_EXPANSION = 16;

/** In the library's own file system, in memory. */
const FILE = '/file.h5';

/** `H5T_class_t` of the HDF5 library. */
const CLASS = { integer: 0, float: 1, string: 3, opaque: 5 };

class Refusal extends Error {}

/** Of the file that is being read. */
let fileSize = 0;
let transfers = [];
let objects = 0;
let numberBytes = 0;

const library = await ready;
// Without it the library prints a page to stderr for every failure, and goes on with wrong values.
library.activate_throwing_error_handler();
parentPort.on('message', ({ bytes, group, needs }) => {
  [fileSize, transfers, objects, numberBytes] = [bytes.length, [], 0, 0];
  let opened = false;
  try {
    library.FS.writeFile(FILE, bytes, { canOwn: true });
    const file = new File(FILE, 'r');
    opened = true;
    const root = readRoot(file, group, needs);
    file.close();
    library.FS.unlink(FILE);
    parentPort.postMessage({ root }, transfers);
  } catch (error) {
    // What fails in the middle stays open inside the library: this thread reads no other file.
    const refused = error instanceof Refusal;
    parentPort.postMessage({ error: refused ? error.message : innermost(error), opened, refused });
  }
});

/** The root's attributes; the wanted group, or everything; nothing more where an attribute that it needs is missing. */
function readRoot(root, wanted, needs) {
  const attributes = readAttributes(root);
  const names = root.keys();
  const complete = needs === null || attributes.has(needs);
  if (complete && wanted === null) return { names, ...readGroup(root, 0), attributes };
  const group = complete && names.includes(wanted) ? root.get(wanted) : null;
  const groups = new Map(group?.type === 'Group' ? [[wanted, readGroup(group, 1)]] : []);
  return { names, attributes, groups, datasets: new Map() };
}

function readGroup(group, depth) {
  if (depth > MAX_DEPTH) throw new Refusal(`has more than ${MAX_DEPTH} groups within each other`);
  const groups = new Map();
  const datasets = new Map();
  for (const name of group.keys()) {
    if (++objects > MAX_OBJECTS) throw new Refusal(`holds more than ${MAX_OBJECTS} groups and datasets`);
    const child = group.get(name);
    if (child?.type === 'Group') groups.set(name, readGroup(child, depth + 1));
    else if (child?.type === 'Dataset') datasets.set(name, readDataset(child));
  }
  return { attributes: readAttributes(group), groups, datasets };
}

/** Texts, lists of texts and numbers; attributes of other types are left out. */
function readAttributes(owner) {
  const values = new Map();
  for (const name of library.get_attribute_names(owner.file_id, owner.path)) {
    const { type, size, total_size: count } = library.get_attribute_metadata(owner.file_id, owner.path, name);
    if (type !== CLASS.string && type !== CLASS.integer && type !== CLASS.float) continue;
    if (count * size > MAX_ATTRIBUTE_BYTES) throw new Refusal(`has an attribute ${name} of ${count * size} bytes`);
    const value = count === 0 ? [] : owner.get_attribute(name, true);
    if (value !== null && value !== undefined)
      values.set(name, Array.isArray(value) ? value.map(asUtf8) : asUtf8(value));
  }
  return values;
}

/** h5py marks text in UTF-8 as ASCII, which the library then takes byte by byte; anything else stays as it is. */
function asUtf8(value) {
  if (typeof value !== 'string' || !/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}

/** A dataset's numbers, which the library gives in little-endian order however they are stored. */
function readDataset({ file_id: file, path }) {
  const { type, size, signed, shape, total_size: count } = library.get_dataset_metadata(file, path);
  const length = count * size;
  const isNumeric = type === CLASS.integer || type === CLASS.float || type === CLASS.opaque;
  if (!isNumeric || shape === null) return { kind: 'other', shape: shape ?? [], bytes: new Uint8Array(0) };
  const compressed = library.get_dataset_filters(file, path).length > 0;
  numberBytes += length;
  const tooMuch = length > fileSize * (compressed ? MAX_EXPANSION : 1) || numberBytes > fileSize * MAX_EXPANSION;
  if (tooMuch) throw new Refusal(`claims ${length} bytes of numbers in '${path}', found a file of ${fileSize} bytes`);
  const kind = { [CLASS.integer]: signed ? 'int' : 'uint', [CLASS.float]: 'float', [CLASS.opaque]: 'opaque' }[type];
  const read = rawBytes(file, path, length);
  transfers.push(read.buffer);
  return { kind, size, shape, bytes: read };
}

function rawBytes(file, path, length) {
  if (length === 0) return new Uint8Array(0);
  const pointer = library._malloc(length);
  if (pointer === 0) throw new Refusal(`has ${length} bytes of numbers in '${path}', which do not fit in memory`);
  try {
    library.get_dataset_data(file, path, null, null, null, BigInt(pointer));
    return library.HEAPU8.slice(pointer, pointer + length);
  } finally {
    library._free(pointer);
  }
}

/** The library's own words: the innermost of its HDF5-DIAG lines, without the path in its sources. */
function innermost(error) {
  const text = String(error instanceof Error ? error.message : error);
  return /#000: .*: (.*)/.exec(text)?.[1] ?? text.split('\n')[0];
}

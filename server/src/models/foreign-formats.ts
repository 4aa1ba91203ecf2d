import { basename, dirname, extname, join } from 'node:path';

/** Bytes of a file's beginning by which its format is recognised. */
export const HEAD_BYTES = 4096;

/** Converts what TensorFlow reads. */
const TF2ONNX = 'python -m tf2onnx.convert';
const TO_ONNX = '--output model.onnx --opset 17';
const EXPORT_TORCH = 'torch.onnx.export(model, torch.zeros(1, 3, 224, 224), "model.onnx")';
const REEXPORT = 'export the model that it was made of to ONNX, or save it as .keras';

/** What a file is that is no model which is read, and what to do with it; null where its beginning does not say. */
export function foreignByContent(head: Uint8Array, file: string, size: number): string | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  const text = bytes.toString('latin1');
  for (const { name, magic, at = 0 } of OTHER_KINDS) {
    if (text.startsWith(magic, at)) return `is ${name}, not a model`;
  }
  for (const { name, magic } of PACKED) {
    if (text.startsWith(magic)) return `is ${name}; unpack it and name the model in it`;
  }
  const start = text.trimStart().slice(0, 2048).toLowerCase();
  if (start.startsWith('version https://git-lfs')) return 'is a pointer of Git LFS, not the model itself; git lfs pull';
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) {
    return 'is a web page, not a model; download the file itself';
  }
  if (/^(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<net\b/s.test(start)) return openVino();
  if (text.startsWith('TFL3', 4)) return tfLite(file);
  if (isSafetensors(bytes, size)) return safetensors(file);
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5) return pickle(file);
  if (isSavedModel(bytes) && basename(file) === 'saved_model.pb') return savedModel(dirname(file));
  return null;
}

/** As `foreignByContent`, by a name alone: for formats whose content begins in many ways. */
export function foreignByName(file: string): string | null {
  const name = basename(file);
  if (name === 'saved_model.pb') return savedModel(dirname(file));
  if (name === 'checkpoint' || /\.data-\d{5}-of-\d{5}$/.test(name)) return checkpoint(file);
  return BY_ENDING[extname(name).toLowerCase()]?.(file) ?? null;
}

/** Endings of files that are listed although they are not read, so that people learn why. */
export const FOREIGN_ENDINGS: readonly string[] = [
  '.pt',
  '.pth',
  '.tflite',
  '.pb',
  '.safetensors',
  '.ckpt',
  '.mlmodel',
];

const BY_ENDING: Record<string, (file: string) => string> = {
  '.pb': frozenGraph,
  '.pbtxt': frozenGraph,
  '.tflite': tfLite,
  '.pt': torch,
  '.pth': torch,
  '.ckpt': checkpoint,
  '.index': checkpoint,
  '.safetensors': safetensors,
  '.pkl': pickle,
  '.mlmodel': coreMl,
  '.xml': openVino,
};

/** What a zip is that is no Keras archive, by the names of its entries. */
export function foreignZip(names: readonly string[], file: string): string {
  const has = (pattern: RegExp) => names.find((name) => pattern.test(name));
  if (has(/(^|\/)data\.pkl$/)) return has(/\/code\//) ? torchScript(file) : torch(file);
  if (has(/com\.apple\.CoreML\//)) return coreMl();
  if (names.includes('model.weights.h5')) {
    return 'is a Keras archive without its entry config.json; save the model again with model.save("model.keras")';
  }
  const inside = has(/(^|\/)(saved_model\.pb|model\.json)$|\.(h5|hdf5|keras|onnx|tflite|pt|pth)$/);
  if (inside !== undefined) return `is a zip with ${JSON.stringify(inside)} inside; unpack it and name what is in it`;
  if (has(/\.npy$/)) return 'is an archive of NumPy arrays, not a model';
  return 'is a zip but no Keras archive: it has no entry config.json';
}

/** What a folder is, by the names in it. */
export function foreignFolder(folder: string, names: readonly string[]): string {
  if (names.includes('saved_model.pb')) return savedModel(folder);
  if (names.includes('config.json') && names.includes('model.weights.h5')) {
    return 'is a Keras archive that was unpacked; cd into it and zip -0 ../model.keras config.json metadata.json model.weights.h5';
  }
  if (folder.toLowerCase().endsWith('.mlpackage')) return coreMl();
  if (names.includes('model.json')) return `is a folder; name ${join(folder, 'model.json')}`;
  return 'is a folder; a model is a file, or a TensorFlow.js model.json with its weights beside it';
}

function savedModel(folder: string): string {
  return `is a TensorFlow SavedModel; ${TF2ONNX} --saved-model ${quoted(folder)} ${TO_ONNX}`;
}

function frozenGraph(file: string): string {
  const ends = '--inputs INPUT:0 --outputs OUTPUT:0';
  return `is a TensorFlow graph; ${TF2ONNX} --graphdef ${quoted(file)} ${ends} ${TO_ONNX}`;
}

function tfLite(file: string): string {
  return `is a TensorFlow Lite model; ${TF2ONNX} --tflite ${quoted(file)} ${TO_ONNX}`;
}

function checkpoint(file: string): string {
  const prefix = basename(file).replace(/\.(index|data-\d{5}-of-\d{5})$/, '');
  const name = prefix === 'checkpoint' ? 'FOLDER/PREFIX' : prefix;
  return (
    'is a TensorFlow checkpoint: weights only, without the network they belong to; where the network is made in Python with Keras 2, ' +
    `model.load_weights(${JSON.stringify(name)}); model.save("model.h5")`
  );
}

function torch(file: string): string {
  const load = `model.load_state_dict(torch.load(${JSON.stringify(basename(file))}))`;
  return `is a PyTorch file; where the network is made in Python, ${load}; ${EXPORT_TORCH}`;
}

function torchScript(file: string): string {
  const load = `model = torch.jit.load(${JSON.stringify(basename(file))})`;
  return `is a TorchScript model; ${load}; ${EXPORT_TORCH.replace(/\)$/, ', dynamo=False)')}`;
}

function safetensors(file: string): string {
  const load = `model.load_state_dict(safetensors.torch.load_file(${JSON.stringify(basename(file))}))`;
  return `holds weights only, without the network they belong to; where the network is made in PyTorch, ${load}; ${EXPORT_TORCH}`;
}

function pickle(file: string): string {
  return /\.(pt|pth|bin|ckpt)$/i.test(file) ? torch(file) : `is a Python pickle, which is not run; ${EXPORT_TORCH}`;
}

function coreMl(): string {
  return `is a Core ML model; ${REEXPORT}`;
}

function openVino(): string {
  return `is an OpenVINO model; ${REEXPORT}`;
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

const OTHER_KINDS: readonly { name: string; magic: string; at?: number }[] = [
  { name: 'a PNG image', magic: '\x89PNG' },
  { name: 'a JPEG image', magic: '\xff\xd8\xff' },
  { name: 'a GIF image', magic: 'GIF8' },
  { name: 'a WebP image', magic: 'WEBP', at: 8 },
  { name: 'a TIFF image', magic: 'II*\0' },
  { name: 'a TIFF image', magic: 'MM\0*' },
  { name: 'a BigTIFF image', magic: 'II+\0' },
  { name: 'a PDF document', magic: '%PDF-' },
  { name: 'a NumPy array', magic: '\x93NUMPY' },
];

const PACKED: readonly { name: string; magic: string }[] = [
  { name: 'packed with gzip', magic: '\x1f\x8b' },
  { name: 'packed with bzip2', magic: 'BZh' },
  { name: 'packed with xz', magic: '\xfd7zXZ\0' },
  { name: 'packed with 7-Zip', magic: "7z\xbc\xaf'\x1c" },
  { name: 'packed with Zstandard', magic: '\x28\xb5\x2f\xfd' },
  { name: 'a RAR archive', magic: 'Rar!' },
];

/** Eight bytes of length, then JSON of that length. */
function isSafetensors(bytes: Buffer, size: number): boolean {
  if (bytes.length < 10 || bytes.toString('latin1', 8, 10) !== '{"') return false;
  const length = bytes.readBigUInt64LE(0);
  return length >= 2n && length <= BigInt(size - 8);
}

/** A schema version of 1 and the first graph, in protobuf's wire format. */
function isSavedModel(bytes: Buffer): boolean {
  return bytes[0] === 0x08 && bytes[1] === 0x01 && bytes[2] === 0x12;
}

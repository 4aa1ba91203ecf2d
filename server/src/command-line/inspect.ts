import { access } from 'node:fs/promises';
import { METHOD_NAMES } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import { classInfos } from '../heatmaps/paint-style.ts';
import type { ModelDescription } from '../models/model.ts';
import { isModelFolder, isNamedAsModel } from '../models/model-file.ts';
import { writeStartingManifest } from '../models/starting-manifest.ts';
import { startWorker } from '../server.ts';
import { readSlideHeader } from '../slides/describe-slide.ts';
import { isRemoteSource } from '../slides/recognize.ts';
import { allowRemoteHosts } from '../slides/remote/process-fetcher.ts';
import { withSidecar } from '../slides/sidecar.ts';
import type { Worker } from '../worker/supervisor.ts';
import { readPatchImage } from './patch-image.ts';
import { type RemoteChoice, remoteHosts } from './remote-choice.ts';

/**
 * Prints what a slide or a model is; with a patch, what the model says of it.
 * @throws Problem where the file is neither, or the patch has another size than the model's
 */
export async function inspect(file: string, options: InspectOptions): Promise<void> {
  allowRemoteHosts(remoteHosts(options));
  await access(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') return;
    throw new Problem('not-found', `${file}: expected a slide or a model, found no such file`, { cause: error });
  });
  const isRemote = await isRemoteSource(file).catch(() => false);
  if (!isRemote && (isNamedAsModel(file) || (await isModelFolder(file)))) return inspectModel(file, options);
  for (const option of ['patch', 'writeManifest', 'engine'] as const) {
    if (options[option] === undefined) continue;
    const flag = option === 'writeManifest' ? 'write-manifest' : option;
    throw new Problem('bad-parameter', `--${flag}: expected a model, found ${file}`);
  }
  await inspectSlide(file, options.json);
}

export interface InspectOptions extends RemoteChoice {
  /** An image of exactly one patch. */
  patch?: string;
  writeManifest?: boolean;
  engine?: string;
  json?: boolean;
}

async function inspectSlide(file: string, json?: boolean): Promise<void> {
  const header = await withSidecar(await readSlideHeader(file));
  if (json) {
    console.log(JSON.stringify({ kind: 'slide', ...header }));
    return;
  }
  const { title, format, reader, width, height, mpp, objective, levels, channels } = header;
  printFields([
    ['slide', file],
    ...(title === undefined ? [] : [['title', title] satisfies [string, string]]),
    ['format', format],
    ['reader', reader],
    ['size', `${width} x ${height} pixels`],
    ['levels', levels.map((level) => `${level.width} x ${level.height}`).join(', ')],
    ['resolution', mpp === null ? 'not known' : `${mpp} microns per pixel`],
    ...(objective === null ? [] : [['objective', `${objective} x`] satisfies [string, string]]),
    ...(channels.length === 0 ? [] : [['channels', channels.join(', ')] satisfies [string, string]]),
  ]);
}

async function inspectModel(file: string, { patch: patchFile, writeManifest, engine, json }: InspectOptions) {
  // In a process of its own, which is stopped where a damaged file makes a library loop for ever.
  const worker = startWorker({ engine });
  try {
    const description = await worker.perform({ type: 'describe-model', file });
    const patch = patchFile === undefined ? undefined : await classifyPatch(worker, description, patchFile);
    const written = writeManifest ? await writeStartingManifest(description) : undefined;
    if (json) {
      console.log(
        JSON.stringify({ kind: 'model', ...summary(description), ...(patch && { patch }), manifest: written }),
      );
      return;
    }
    printModel(description, patch);
    if (written !== undefined) console.log(`written: ${written}`);
  } finally {
    await worker.close();
  }
}

interface PatchSummary {
  file: string;
  logits: number[];
  probabilities: number[];
  /** CAM + bias, row-major. */
  cells: { shape: [rows: number, columns: number, classes: number]; data: number[] };
}

async function classifyPatch(worker: Worker, model: ModelDescription, file: string): Promise<PatchSummary> {
  const { cellRows, cellColumns, classes } = model;
  const pixels = await readPatchImage(file, model);
  const { cells, logits, probabilities } = await worker.perform({ type: 'classify-pixels', model, pixels });
  return {
    file,
    logits: Array.from(logits),
    probabilities: Array.from(probabilities),
    cells: { shape: [cellRows, cellColumns, classes.length], data: Array.from(cells) },
  };
}

function summary(model: ModelDescription) {
  const { patchHeight, patchWidth, cellRows, cellColumns, ...rest } = model;
  return {
    ...rest,
    classes: classInfos(model),
    patchSize: [patchHeight, patchWidth],
    cells: [cellRows, cellColumns],
  };
}

function printModel(model: ModelDescription, patch: PatchSummary | undefined): void {
  const { preprocessing, resolution } = model;
  printFields([
    ['model', model.file],
    ['format', model.format],
    ['engine', model.engine],
    ['classes', model.classes.map(({ name }) => name).join(', ')],
    ['patch', `${model.patchHeight} x ${model.patchWidth} pixels, ${model.cellRows} x ${model.cellColumns} cells`],
    ['method', METHOD_NAMES[model.method]],
    ['CAM layer', model.camLayer],
    ['activation', model.activation],
    [
      'preprocessing',
      preprocessing
        ? `${preprocessing.channelOrder}, (pixel * ${preprocessing.scale} - [${preprocessing.mean.join(', ')}]) / [${preprocessing.std.join(', ')}]`
        : 'the default',
    ],
    [
      'resolution',
      resolution === undefined ? "the slide's" : resolution === 'any' ? 'any' : `${resolution.mpp} microns per pixel`,
    ],
    ['load check', checkText(model)],
    ['fingerprint', model.fingerprint],
  ]);
  console.log('layers');
  const width = Math.max(...model.layers.map(({ name }) => name.length));
  for (const { name, type, outputShape } of model.layers) {
    console.log(`  ${name.padEnd(width)}  ${type.padEnd(24)}  ${outputShape?.join(' x ') ?? ''}`.trimEnd());
  }
  for (const warning of model.warnings) console.log(`warning: ${warning}`);
  if (!patch) return;
  console.log(`patch ${patch.file}`);
  for (const [index, { name }] of model.classes.entries()) {
    console.log(
      `  ${name}: ${(patch.probabilities[index] * 100).toFixed(2)} %, logit ${patch.logits[index].toFixed(4)}`,
    );
  }
}

/** What was compared with the network's own logits, and how close it came. */
function checkText({ method, check }: ModelDescription): string {
  const compared = method === 'cam' ? 'mean of cells equals the logit' : "sum of the map equals the logit's slope";
  return `${compared} within ${check.difference.toExponential(1)} of ${check.largestLogit.toPrecision(4)}`;
}

function printFields(fields: [string, string][]): void {
  const width = Math.max(...fields.map(([label]) => label.length));
  for (const [label, value] of fields) console.log(`${label.padEnd(width)}  ${value}`);
}

import { Problem } from '../errors.ts';
import { classInfos } from '../heatmaps/paint-style.ts';
import type { Model, ModelDescription } from '../models/model.ts';
import { isNamedAsModel } from '../models/model-file.ts';
import { openModel } from '../models/open-model.ts';
import { readSlideHeader } from '../slides/describe-slide.ts';
import { readPatchImage } from './patch-image.ts';

/**
 * Prints what a slide or a model is; with a patch, what the model says of it.
 * @throws Problem where the file is neither, or the patch has another size than the model's
 */
export async function inspect(file: string, { patch, json }: { patch?: string; json?: boolean }): Promise<void> {
  if (isNamedAsModel(file)) return inspectModel(file, patch, json);
  if (patch !== undefined) {
    throw new Problem('bad-parameter', `--patch: expected a model to classify it with, found ${file}`);
  }
  await inspectSlide(file, json);
}

async function inspectSlide(file: string, json?: boolean): Promise<void> {
  const { format, width, height, mpp } = await readSlideHeader(file);
  if (json) {
    console.log(JSON.stringify({ kind: 'slide', file, format, width, height, mpp }));
    return;
  }
  printFields([
    ['slide', file],
    ['format', format],
    ['size', `${width} x ${height} pixels`],
    ['resolution', mpp === null ? 'not known' : `${mpp} microns per pixel`],
  ]);
}

async function inspectModel(file: string, patchFile?: string, json?: boolean): Promise<void> {
  const model = await openModel(file);
  try {
    const { description } = model;
    const patch = patchFile === undefined ? undefined : await classifyPatch(model, patchFile);
    if (json) console.log(JSON.stringify({ kind: 'model', ...summary(description), ...(patch && { patch }) }));
    else printModel(description, patch);
  } finally {
    await model.close();
  }
}

interface PatchSummary {
  file: string;
  logits: number[];
  probabilities: number[];
  /** CAM + bias, row-major. */
  cells: { shape: [rows: number, columns: number, classes: number]; data: number[] };
}

async function classifyPatch(model: Model, file: string): Promise<PatchSummary> {
  const { cellRows, cellColumns, classes } = model.description;
  const { cells, logits, probabilities } = await model.classify(await readPatchImage(file, model.description), 1);
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
  const { preprocessing, resolution, check } = model;
  printFields([
    ['model', model.file],
    ['format', model.format],
    ['engine', model.engine],
    ['classes', model.classes.map(({ name }) => name).join(', ')],
    ['patch', `${model.patchHeight} x ${model.patchWidth} pixels, ${model.cellRows} x ${model.cellColumns} cells`],
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
    [
      'load check',
      `mean of cells equals the logit within ${check.difference.toExponential(1)} of ${check.largestLogit.toPrecision(4)}`,
    ],
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

function printFields(fields: [string, string][]): void {
  const width = Math.max(...fields.map(([label]) => label.length));
  for (const [label, value] of fields) console.log(`${label.padEnd(width)}  ${value}`);
}

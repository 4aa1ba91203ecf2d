import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../errors.ts';
import type { Manifest } from './manifest.ts';
import type { ModelDescription } from './model.ts';
import type { Head } from './onnx/head.ts';
import type { NetworkGraph } from './onnx/network-graph.ts';

/**
 * Names and colours for every output, the manifest's before the file's own; two names for one output mean [1 - p, p].
 *
 * @param own names that the model file itself has
 * @param file the manifest's path, for messages
 */
export function classNames(
  outputs: number,
  manifest: Manifest | null,
  own: readonly string[] | null,
  file: string,
): ModelDescription['classes'] {
  if (!manifest?.classes) {
    const count = outputs === 1 && own?.length === 2 ? 2 : outputs;
    const names = own?.length === count ? own : null;
    return Array.from({ length: count }, (_, i) => ({ name: names?.[i] ?? `class ${i}`, color: null }));
  }
  const classes = manifest.classes.map((entry) =>
    typeof entry === 'string' ? { name: entry, color: null } : { name: entry.name, color: entry.color ?? null },
  );
  const fits = classes.length === outputs || (outputs === 1 && classes.length === 2);
  if (!fits) {
    const expected = outputs === 1 ? '1 or 2 names for its 1 output' : `${outputs} names for its ${outputs} outputs`;
    throw new Problem('unreadable-model', `${file}: classes: the model needs ${expected}, found ${classes.length}`);
  }
  const repeated = classes.find(({ name }, i) => classes.findIndex((other) => other.name === name) !== i);
  if (repeated) throw new Problem('unreadable-model', `${file}: classes: '${repeated.name}' is there twice`);
  return classes;
}

/** The layer whose output is pooled; the manifest may name it, but there is no other with an exact map. */
export function camLayerName(network: NetworkGraph, head: Head, manifest: Manifest | null, file: string): string {
  const names = network.layersOf(head.features).map(({ name }) => name);
  const [name = head.features] = names;
  const wanted = manifest?.camLayer;
  if (wanted === undefined || wanted === head.features || names.includes(wanted)) return name;
  throw new Problem(
    'unreadable-model',
    `${file}: camLayer: the layer that feeds the pooling is '${name}', found '${wanted}'`,
  );
}

/** What was assumed because nobody said it. */
export function warnings(
  network: Pick<NetworkGraph, 'rescales' | 'classNames'>,
  manifest: Manifest | null,
  file: string,
): string[] {
  const name = basename(file);
  const named = network.classNames !== null;
  if (!manifest) {
    const scaling = network.rescales ? 'RGB as it is (the model rescales it)' : 'RGB / 255';
    return [`there is no ${name}: ${named ? '' : 'classes have no names and '}the input is taken as ${scaling}`];
  }
  const list: string[] = [];
  if (!manifest.classes && !named) list.push(`${name} names no classes`);
  if (!manifest.preprocessing && !network.rescales) list.push(`${name} has no preprocessing: RGB / 255 is assumed`);
  if (network.rescales && manifest.preprocessing && manifest.preprocessing.scale !== 1) {
    list.push(
      `the model rescales its input itself, and ${name} has it scaled by ${manifest.preprocessing.scale} before`,
    );
  }
  return list;
}

/** SHA-256 of a model's file and of those that belong to it. @param companions relative to the file's folder */
export async function fileHash(file: string, companions: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [file, ...companions.map((name) => join(dirname(file), name))]) {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  }
  return hash.digest('hex');
}

/** Everything that the numbers depend on, and nothing else: neither names nor colours. */
export function fingerprint(fileHash: string, description: ModelDescription): string {
  const { patchHeight, patchWidth, preprocessing, resolution, method, camLayer, activation, classes, engine } =
    description;
  const settings = {
    patch: [patchHeight, patchWidth],
    preprocessing: preprocessing && [
      preprocessing.channelOrder,
      preprocessing.scale,
      preprocessing.mean,
      preprocessing.std,
    ],
    resolution: resolution ?? null,
    method,
    camLayer,
    activation,
    classes: classes.length,
    engine,
  };
  return createHash('sha256').update(fileHash).update(JSON.stringify(settings)).digest('hex').slice(0, 16);
}

/** @param file the manifest's path @throws Problem `unreadable-model` where its background is a class that there is not */
export function checkBackground(
  background: Manifest['background'],
  classes: ModelDescription['classes'],
  file: string,
): void {
  if (background === undefined || background === 'otsu') return;
  const names = classes.map(({ name }) => name);
  if (names.includes(background.class)) return;
  throw new Problem(
    'unreadable-model',
    `${file}: background: expected one of ${names.join(', ')}, found '${background.class}'`,
  );
}

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { Problem } from '../errors.ts';
import type { Manifest } from './manifest.ts';
import type { ModelDescription } from './model.ts';
import type { Head } from './onnx/head.ts';
import type { NetworkGraph } from './onnx/network-graph.ts';

/** Names and colours for every output; two names for one output mean [1 - p, p]. */
export function classNames(outputs: number, manifest: Manifest | null, file: string): ModelDescription['classes'] {
  if (!manifest?.classes) return Array.from({ length: outputs }, (_, i) => ({ name: `class ${i}`, color: null }));
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

export function warnings(network: NetworkGraph, manifest: Manifest | null, file: string): string[] {
  const name = basename(file);
  if (!manifest) {
    const scaling = network.rescales ? 'RGB as it is (the model rescales it)' : 'RGB / 255';
    return [`there is no ${name}: classes have no names and the input is taken as ${scaling}`];
  }
  const list: string[] = [];
  if (!manifest.classes) list.push(`${name} names no classes`);
  if (!manifest.preprocessing && !network.rescales) list.push(`${name} has no preprocessing: RGB / 255 is assumed`);
  if (network.rescales && manifest.preprocessing && manifest.preprocessing.scale !== 1) {
    list.push(
      `the model rescales its input itself, and ${name} has it scaled by ${manifest.preprocessing.scale} before`,
    );
  }
  return list;
}

/** Everything that the numbers depend on, and nothing else: neither names nor colours. */
export function fingerprint(bytes: Uint8Array, description: ModelDescription): string {
  const { patchHeight, patchWidth, preprocessing, resolution, camLayer, activation, classes, engine } = description;
  const settings = {
    patch: [patchHeight, patchWidth],
    preprocessing: preprocessing && [
      preprocessing.channelOrder,
      preprocessing.scale,
      preprocessing.mean,
      preprocessing.std,
    ],
    resolution: resolution ?? null,
    camLayer,
    activation,
    classes: classes.length,
    engine,
  };
  return createHash('sha256').update(bytes).update(JSON.stringify(settings)).digest('hex').slice(0, 16);
}

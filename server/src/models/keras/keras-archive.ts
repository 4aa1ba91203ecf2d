import { Problem } from '../../errors.ts';
import { openZip, type ZipEntries } from '../zip-entries.ts';
import { assignArchiveWeights, type StoredWeights } from './archive-weights.ts';
import { isRecord } from './config-json.ts';
import { fileClassNames } from './file-class-names.ts';
import { type Hdf5Group, hdf5Numbers, MAX_HDF5_BYTES, readHdf5, textAttribute } from './hdf5.ts';
import { kerasVersion } from './keras-version.ts';
import { parseModelConfig } from './model-config.ts';
import { MAX_JSON_BYTES, parseModelJson } from './model-json.ts';
import type { KerasNetwork } from './network.ts';

/** Entry that every `.keras` archive has. */
const ARCHIVE_CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';

/**
 * Reads a `.keras` archive of Keras 2.12 to 3: a zip of the configuration, of metadata and of weights in HDF5. What is
 * inflated stays in memory, so that nothing is left behind whatever happens.
 *
 * @throws Problem `unreadable-model` for what is not such an archive
 */
export async function readKerasArchive(file: string): Promise<KerasNetwork> {
  const zip = await openZip(file);
  try {
    const config = await readJson(zip, ARCHIVE_CONFIG);
    const metadata = zip.names.includes(METADATA) ? await readJson(zip, METADATA) : {};
    const version = kerasVersion(isRecord(metadata) ? metadata.keras_version : undefined, '3');
    const model = parseModelConfig(config, version.major);
    if (!zip.names.includes(WEIGHTS)) {
      throw new Problem('unreadable-model', `has no entry '${WEIGHTS}'; save the model again with model.save()`);
    }
    const stored = storedIn(await readHdf5(await zip.read(WEIGHTS, MAX_HDF5_BYTES)), '');
    return {
      format: `Keras ${version.text} archive`,
      model,
      weights: assignArchiveWeights(model, stored),
      classNames: fileClassNames((name) => (isRecord(metadata) ? metadata[name] : undefined)),
    };
  } finally {
    zip.close();
  }
}

async function readJson(zip: ZipEntries, name: string): Promise<unknown> {
  return parseModelJson(new TextDecoder().decode(await zip.read(name, MAX_JSON_BYTES)), name);
}

/** A layer's own variables are `vars/0`, `vars/1`, ..., whatever the order in which they are listed. */
function storedIn(group: Hdf5Group, path: string): StoredWeights {
  const own = group.groups.get('vars');
  const numbered = [...(own?.datasets ?? [])].filter(([name]) => /^\d+$/.test(name));
  numbered.sort(([a], [b]) => Number(a) - Number(b));
  const children = [...group.groups].filter(([name]) => name !== 'vars' && name !== 'optimizer');
  return {
    name: own && textAttribute(own, 'name'),
    weights: numbered.map(([name, dataset]) => hdf5Numbers(dataset, `${path}vars/${name}`)),
    children: new Map(children.map(([name, child]) => [name, storedIn(child, `${path}${name}/`)])),
  };
}

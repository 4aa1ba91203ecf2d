import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { z } from 'zod';
import type { Engine, EngineSource } from '../../../server/src/engines/engine.ts';
import { convertModel } from '../../../server/src/models/convert-model.ts';
import { encodedConversion } from '../../../server/src/models/kept-conversions.ts';
import { manifestFile, readManifest } from '../../../server/src/models/manifest.ts';
import type { Classification } from '../../../server/src/models/model.ts';
import { checkModelFile } from '../../../server/src/models/model-file.ts';
import { activate } from '../../../shared/activation.ts';

export const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** What real frameworks compute in float32 is met to within this. */
export const GOALS = {
  /** Largest difference of a probability. */
  probabilities: 1e-5,
  /** Largest difference of a cell, as a share of the largest |cell|. */
  cells: 1e-4,
};

const right = z.object({
  verdict: z.literal('ok'),
  camLayer: z.string(),
  classes: z.array(z.string()).optional(),
  logits: z.array(z.number()),
  probabilities: z.array(z.number()),
  cells: z.object({ shape: z.tuple([z.number(), z.number(), z.number()]), data: z.array(z.number()) }),
});
const refused = z.object({
  verdict: z.literal('refuse'),
  file: z.string().optional(),
  message: z.string().optional(),
});
const expectedSchema = z.discriminatedUnion('verdict', [right, refused]);

/** What a framework computes for the patch beside a model. */
export type Expected = z.infer<typeof right>;

/** A model file, and what its framework computes. */
export interface Fixture {
  folder: string;
  file: string;
  path: string;
  expected: Expected;
}

/** A file that is refused, or a folder. */
export interface Refusal {
  folder: string;
  path: string;
  message: string;
  /** Where the message stands. */
  expectedFile: string;
}

function folders(): { folder: string; path: string; expected: z.infer<typeof expectedSchema> }[] {
  return readdirSync(FIXTURES).flatMap((folder) => {
    const path = join(FIXTURES, folder);
    const file = join(path, 'expected.json');
    return existsSync(file)
      ? [{ folder, path, expected: expectedSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) }]
      : [];
  });
}

const IS_MODEL = /\.(h5|hdf5|keras|onnx)$|^model\.json$/;

/** All models of test/fixtures that are to be read, whoever made them. */
export function fixtures(): Fixture[] {
  return folders().flatMap(({ folder, path, expected }) =>
    expected.verdict === 'refuse'
      ? []
      : readdirSync(path)
          .filter((file) => IS_MODEL.test(file))
          .map((file) => ({ folder, file, path: join(path, file), expected })),
  );
}

/** All files of the folders refuse-* of test/fixtures. */
export function refusals(): Refusal[] {
  return folders().flatMap(({ folder, path, expected }) =>
    expected.verdict === 'refuse' && folder.startsWith('refuse-')
      ? [
          {
            folder,
            path: join(path, expected.file ?? ''),
            message: expected.message ?? '',
            expectedFile: join(path, 'expected.json'),
          },
        ]
      : [],
  );
}

/** RGB bytes of the patch beside a fixture. */
export async function fixturePatch({ path }: Pick<Fixture, 'path'>): Promise<Uint8Array> {
  return sharp(join(path, '..', 'patch.png'))
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** What an engine computes for a fixture, without the probes of `openModel`, which take a slow backend minutes. */
export async function classifyBy(
  createEngine: (source: EngineSource) => Engine | Promise<Engine>,
  fixture: Fixture,
): Promise<Classification> {
  const manifest = await readManifest(manifestFile(fixture.path));
  const converted = await convertModel(fixture.path, await checkModelFile(fixture.path), manifest);
  const { onnx, patchHeight: height, patchWidth: width, outputs, activation } = encodedConversion(converted);
  const engine = await createEngine({ onnx, height, width });
  try {
    const { cells, logits } = await engine.run(await fixturePatch(fixture), 1);
    return { cells, logits, probabilities: activate(logits, outputs, activation) };
  } finally {
    await engine.close();
  }
}

/** Largest differences from what the framework computes, in the units of `GOALS`; NaN where sizes differ. */
export interface Differences {
  probabilities: number;
  cells: number;
}

export function differences(found: Classification, expected: Expected): Differences {
  const largestCell = expected.cells.data.reduce((largest, cell) => Math.max(largest, Math.abs(cell)), 0);
  return {
    probabilities: largestDifference(found.probabilities, expected.probabilities),
    cells: largestDifference(found.cells, expected.cells.data) / largestCell,
  };
}

function largestDifference(found: Float32Array, expected: readonly number[]): number {
  if (found.length !== expected.length) return Number.NaN;
  return expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - found[i])), 0);
}

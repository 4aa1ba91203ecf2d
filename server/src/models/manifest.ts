import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { Problem } from '../errors.ts';

const perChannel = z.tuple([z.number(), z.number(), z.number()], { error: 'three numbers are expected' });
const nonZero = z.number().refine((value) => value !== 0, 'a number other than 0 is expected');

/** `STEM.manifest.json` beside a model file; every field is optional. */
const manifestSchema = z.strictObject({
  $schema: z.string().optional(),
  classes: z
    .array(
      z.union(
        [
          z.string().min(1),
          z.strictObject({
            name: z.string().min(1),
            color: z
              .string()
              .regex(/^#[0-9a-f]{6}$/i)
              .optional(),
          }),
        ],
        { error: 'a name, or { "name", "color" } with a colour like #d62728, is expected' },
      ),
      { error: 'a list of names is expected' },
    )
    .min(1, 'at least one name is expected')
    .optional(),
  patchSize: z
    .union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])], {
      error: 'a number of pixels, or [height, width], is expected',
    })
    .optional(),
  preprocessing: z
    .strictObject({
      channelOrder: z.enum(['rgb', 'bgr']).default('rgb'),
      scale: nonZero.default(1 / 255),
      mean: perChannel.default([0, 0, 0]),
      std: z.tuple([nonZero, nonZero, nonZero]).default([1, 1, 1]),
    })
    .optional(),
  resolution: z
    .union([z.literal('any'), z.strictObject({ mpp: z.number().positive() })], {
      error: '"any", or { "mpp" } with a number above 0, is expected',
    })
    .optional(),
  camLayer: z.string().optional(),
  activation: z.enum(['softmax', 'sigmoid', 'none']).optional(),
  golden: z.strictObject({ patch: z.string(), probabilities: z.array(z.number()) }).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** The path of a model's manifest: `STEM.manifest.json` beside it, whether it exists or not. */
export function manifestFile(modelFile: string): string {
  return join(dirname(modelFile), `${basename(modelFile, extname(modelFile))}.manifest.json`);
}

/**
 * Reads a manifest.
 *
 * @returns null where there is none
 * @throws Problem `unreadable-model` naming the file and the value that is wrong
 */
export async function readManifest(file: string): Promise<Manifest | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return null;
    throw new Problem('unreadable-model', `${file}: cannot be read (${code ?? 'unknown error'})`, { cause: error });
  }
  return parseManifest(text, file);
}

/** As `readManifest`, for a text that was read; `file` is for messages. */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : 'unknown';
    throw new Problem('unreadable-model', `${file}: is not JSON: ${reason}`, { cause: error });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const found = issue.path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
  // A field that nobody knows is named by the message itself.
  const isUnknown = issue.code === 'unrecognized_keys';
  const shown = isUnknown ? 'it' : (JSON.stringify(found)?.slice(0, 80) ?? 'nothing');
  throw new Problem(
    'unreadable-model',
    `${file}: ${path.replace(/^\./, '') || 'the manifest'}: ${lowerFirst(issue.message)}, found ${shown}`,
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

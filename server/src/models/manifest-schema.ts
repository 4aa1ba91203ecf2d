import { z } from 'zod';

const NUMBERS = { error: 'three numbers are expected' };
const nonZero = z
  .number({ error: 'a number other than 0 is expected' })
  .refine((value) => value !== 0, 'a number other than 0 is expected')
  .meta({ not: { const: 0 } });
const className = z.string().min(1, 'a name is expected');
const side = z.int().positive();

const preprocessing = z
  .strictObject({
    channelOrder: z.enum(['rgb', 'bgr']).default('rgb').describe('Order in which the model takes the channels.'),
    scale: nonZero.default(1 / 255).describe('What every byte (0 to 255) is multiplied by, before anything else.'),
    mean: z
      .tuple([z.number(), z.number(), z.number()], NUMBERS)
      .default([0, 0, 0])
      .describe('Subtracted from each channel, in channel order.'),
    std: z
      .tuple([nonZero, nonZero, nonZero], NUMBERS)
      .default([1, 1, 1])
      .describe('What each channel is then divided by, in channel order.'),
  })
  .describe('x = (pixel * scale - mean) / std. RGB / 255 where it is left out, unless the model rescales itself.');

/** `STEM.manifest.json` beside a model file; every field is optional. The descriptions are the published schema's. */
export const manifestSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Address of this schema, for editors.'),
    classes: z
      .array(
        z.union(
          [
            className,
            z.strictObject({
              name: className,
              color: z
                .string()
                .regex(/^#[0-9a-fA-F]{6}$/, 'a colour like #d62728 is expected')
                .optional(),
            }),
          ],
          { error: 'a name, or { "name", "color" } with a colour like #d62728, is expected' },
        ),
        { error: 'a list of names is expected' },
      )
      .min(1, 'at least one name is expected')
      .optional()
      .describe('A name for each output, in their order; two names for one sigmoid output mean [1 - p, p].'),
    patchSize: z
      .union([side, z.tuple([side, side])], { error: 'a number of pixels, or [height, width], is expected' })
      .optional()
      .describe('Pixels of a patch, or [height, width], where the model leaves the size of its input open.'),
    preprocessing: preprocessing.optional(),
    resolution: z
      .union([z.literal('any'), z.strictObject({ mpp: z.number().positive('a number above 0 is expected') })], {
        error: '"any", or { "mpp" } with a number above 0, is expected',
      })
      .optional()
      .describe('Microns per pixel that the model was trained at, or "any" where it does not matter.'),
    method: z
      .enum(['cam', 'hirescam', 'gradcam'])
      .optional()
      .describe(
        'How the map is computed: cam (the default) needs pooling and one linear layer at the end; hirescam and ' +
          'gradcam use the gradient of the logits for other heads.',
      ),
    camLayer: z.string().optional().describe('The layer whose feature maps the heatmap is made of.'),
    activation: z
      .enum(['softmax', 'sigmoid', 'none'])
      .optional()
      .describe('From logits to probabilities, for a model that ends in logits.'),
    background: z
      .union([z.literal('otsu'), z.strictObject({ class: className })], {
        error: '"otsu", or { "class" } with the name of one, is expected',
      })
      .optional()
      .describe(
        'What is not shown and not counted, unless a request says otherwise: "otsu" leaves out, and does not classify, ' +
          "patches without tissue by the saturation of the slide; a class's name those in which it leads.",
      ),
    golden: z
      .strictObject({
        patch: z.string().describe('An image of exactly one patch; path relative to the manifest.'),
        probabilities: z.array(z.number()).describe('What the model must give for it, within 0.001.'),
      })
      .optional()
      .describe('A self-test whenever the model is opened.'),
  })
  .meta({
    title: 'Manifest of a model of openseadragon-cam',
    description: 'STEM.manifest.json beside a model file says what the file itself does not. Everything is optional.',
  });

export type Manifest = z.infer<typeof manifestSchema>;

/** The JSON Schema of what people may write, draft 2020-12. */
export function manifestJsonSchema(): object {
  return z.toJSONSchema(manifestSchema, { io: 'input' });
}

/** Where a value is wrong and what was expected there. */
export interface SchemaIssue {
  path: readonly PropertyKey[];
  message: string;
  /** Whether the path leads to an object with a field that nobody knows, which the message names. */
  unknownField: boolean;
}

/**
 * The first fault of a value that is no manifest. Of alternatives that all fail, the one that fits furthest tells: in
 * `{ "name": "a", "color": "red" }` the colour is wrong, not the whole.
 */
export function firstIssue(error: z.ZodError): SchemaIssue {
  return deepest(error.issues[0], []);
}

function deepest(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): SchemaIssue {
  const path = [...prefix, ...issue.path];
  const inner = issue.code === 'invalid_union' ? issue.errors.flatMap((issues) => issues.slice(0, 1)) : [];
  const found = inner.map((candidate) => deepest(candidate, path)).sort((a, b) => b.path.length - a.path.length)[0];
  if (found && (found.path.length > path.length || found.unknownField)) return found;
  if (issue.code !== 'unrecognized_keys') return { path, message: issue.message, unknownField: false };
  const names = issue.keys.map((key) => JSON.stringify(key)).join(', ');
  return { path, message: `${names}, which is no field of it`, unknownField: true };
}

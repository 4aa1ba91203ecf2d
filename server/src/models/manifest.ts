import { z } from 'zod';

const perChannel = z.tuple([z.number(), z.number(), z.number()]);

/** `STEM.manifest.json` beside a model file; every field is optional. */
export const manifestSchema = z.strictObject({
  classes: z
    .array(
      z.union([
        z.string().min(1),
        z.strictObject({
          name: z.string().min(1),
          color: z
            .string()
            .regex(/^#[0-9a-f]{6}$/i)
            .optional(),
        }),
      ]),
    )
    .min(1)
    .optional(),
  patchSize: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])]).optional(),
  preprocessing: z
    .strictObject({
      channelOrder: z.enum(['rgb', 'bgr']).default('rgb'),
      scale: z.number().default(1 / 255),
      mean: perChannel.default([0, 0, 0]),
      std: perChannel.default([1, 1, 1]),
    })
    .optional(),
  resolution: z.union([z.literal('any'), z.strictObject({ mpp: z.number().positive() })]).optional(),
  camLayer: z.string().optional(),
  activation: z.enum(['softmax', 'sigmoid', 'none']).optional(),
  golden: z.strictObject({ patch: z.string(), probabilities: z.array(z.number()) }).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

import type { GradientRule } from '../gradient-rule.ts';
import { ELEMENTWISE_RULES } from './elementwise.ts';
import { LINEAR_RULES } from './linear.ts';
import { MERGING_RULES } from './merging.ts';
import { POOLING_RULES } from './pooling.ts';
import { REDUCTION_RULES } from './reduction.ts';
import { RESHAPING_RULES } from './reshaping.ts';

/** ONNX operator to how its gradient is written; a new one is one entry in the file of its family. */
export const GRADIENT_RULES: ReadonlyMap<string, GradientRule> = new Map(
  Object.entries({
    ...ELEMENTWISE_RULES,
    ...LINEAR_RULES,
    ...MERGING_RULES,
    ...POOLING_RULES,
    ...REDUCTION_RULES,
    ...RESHAPING_RULES,
  }),
);

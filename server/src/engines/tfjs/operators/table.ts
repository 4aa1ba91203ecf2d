import type { Operator } from '../node.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { CONVOLUTION } from './convolution.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { MATRIX } from './matrix.ts';
import { NORMALIZATION } from './normalization.ts';
import { POOLING } from './pooling.ts';
import { REDUCTION } from './reduction.ts';
import { RESIZE } from './resize.ts';
import { SELECTION } from './selection.ts';
import { SHAPE } from './shape.ts';
import { TRANSPOSED_CONVOLUTION } from './transposed-convolution.ts';

/** ONNX operator to how it is computed; a new operator is one entry in the file of its family. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...ARITHMETIC,
    ...CONVOLUTION,
    ...ELEMENTWISE,
    ...MATRIX,
    ...NORMALIZATION,
    ...POOLING,
    ...REDUCTION,
    ...RESIZE,
    ...SELECTION,
    ...SHAPE,
    ...TRANSPOSED_CONVOLUTION,
  }),
);

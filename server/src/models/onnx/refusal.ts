import { Problem } from '../../errors.ts';

/** Why a head has no exact class activation map. */
export type HeadFault =
  | 'no-pooling' // cells go to the linear layer one by one, or there is none
  | 'partial-pooling' // of windows, not of the whole map
  | 'maximum'
  | 'activation' // between the pooling and the scores
  | 'no-linear-layer'
  | 'normalization' // by a norm or by statistics of the image itself
  | 'product' // of two values that both depend on the image, as attention is
  | 'two-maps'
  | 'recurrent'
  | 'quantized'
  | 'other';

/** Those of which nothing can be shown: the gradient of the logits at a feature map tells something of all others. */
const WITHOUT_GRADIENT: ReadonlySet<HeadFault> = new Set(['recurrent', 'quantized', 'other']);

/** A head without an exact class activation map. */
export class HeadProblem extends Problem {
  readonly fault: HeadFault;

  constructor(fault: HeadFault, reason: string, manifest: string) {
    const advice = WITHOUT_GRADIENT.has(fault)
      ? ''
      : `; "method": "hirescam" in ${manifest} maps it by gradients instead`;
    super(
      'unreadable-model',
      `no exact class activation map: ${reason} (it needs global average pooling followed by one linear layer, ` +
        `Zhou et al. 2016)${advice}`,
    );
    this.fault = fault;
  }
}

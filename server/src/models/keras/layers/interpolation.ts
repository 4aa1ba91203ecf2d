/**
 * How each output along one side is made of the inputs: TensorFlow's `tf.image.resize` with the centres of pixels at
 * halves. Its numbers are float32, and so are the ones here wherever that decides which inputs count.
 *
 * @returns for each output the first input that counts and the weights from there on; null for an unknown method
 */
export function interpolation(
  method: string,
  inputs: number,
  outputs: number,
  antialias: boolean,
): { start: number; weights: number[] }[] | null {
  const along = (place: (output: number) => { start: number; weights: number[] }) =>
    Array.from({ length: outputs }, (_, output) => place(output));
  const scale = Math.fround(inputs / outputs);
  switch (method) {
    case 'nearest':
      return along((output) => ({ start: nearest(output, scale, inputs), weights: [1] }));
    case 'area':
      return along((output) => area(output, scale, inputs));
    case 'bilinear':
      return antialias ? along(spans(KERNELS.triangle, inputs, outputs, true)) : along((i) => linear(i, scale, inputs));
    case 'bicubic':
      return antialias ? along(spans(KERNELS.cubic, inputs, outputs, true)) : along((i) => cubic(i, scale, inputs));
    case 'lanczos3':
    case 'lanczos5':
    case 'gaussian':
    case 'mitchellcubic':
      return along(spans(KERNELS[method], inputs, outputs, antialias));
    default:
      return null;
  }
}

function nearest(output: number, scale: number, inputs: number): number {
  return Math.min(Math.floor(Math.fround((output + 0.5) * scale)), inputs - 1);
}

/** Where an output's centre lies among the inputs' centres. */
function centre(output: number, scale: number): number {
  return Math.fround(Math.fround((output + 0.5) * scale) - 0.5);
}

function linear(output: number, scale: number, inputs: number): { start: number; weights: number[] } {
  const position = centre(output, scale);
  const before = Math.floor(position);
  if (before < 0) return { start: 0, weights: [1] };
  if (before >= inputs - 1) return { start: inputs - 1, weights: [1] };
  return { start: before, weights: [1 - (position - before), position - before] };
}

/** The mean over the output's extent, inputs on its border counting in part. */
function area(output: number, scale: number, inputs: number): { start: number; weights: number[] } {
  const from = Math.fround(output * scale);
  const to = Math.fround((output + 1) * scale);
  const start = Math.floor(from);
  const weights: number[] = [];
  for (let input = start; input < Math.min(Math.ceil(to), inputs); input++) {
    weights.push((Math.min(input + 1, to) - Math.max(input, from)) / scale);
  }
  return { start, weights };
}

/** Steps of the table from which bicubic weights are taken. */
const CUBIC_STEPS = 1024;

/** Keys's cubic with its weights from a table; inputs outside do not count. */
function cubic(output: number, scale: number, inputs: number): { start: number; weights: number[] } {
  const position = centre(output, scale);
  const base = Math.floor(position);
  const offset = roundHalfEven(Math.fround(position - base) * CUBIC_STEPS) / CUBIC_STEPS;
  const all = [1 + offset, offset, 1 - offset, 2 - offset].map(keys);
  const first = Math.max(0, 1 - base);
  const weights = all.slice(first, Math.max(first, Math.min(4, inputs - base + 1)));
  return { start: base - 1 + first, weights: normalized(weights) };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

interface Kernel {
  radius: number;
  at(distance: number): number;
}

const KERNELS = {
  triangle: { radius: 1, at: (x) => Math.max(0, 1 - x) },
  cubic: { radius: 2, at: keys },
  mitchellcubic: { radius: 2, at: mitchell },
  lanczos3: { radius: 3, at: (x) => lanczos(x, 3) },
  lanczos5: { radius: 5, at: (x) => lanczos(x, 5) },
  // Three standard deviations fill the radius.
  gaussian: { radius: 1.5, at: (x) => (x >= 1.5 ? 0 : Math.exp((-x * x) / (2 * 0.5 ** 2))) },
} satisfies Record<string, Kernel>;

/** Every input within the kernel's radius, which grows with the scale where images shrink and aliases are avoided. */
function spans(kernel: Kernel, inputs: number, outputs: number, antialias: boolean) {
  const step = Math.fround(1 / Math.fround(outputs / inputs));
  const width = antialias ? Math.max(step, 1) : 1;
  return (output: number): { start: number; weights: number[] } => {
    const sample = Math.fround((output + 0.5) * step);
    if (sample < 0 || sample > inputs) return { start: 0, weights: [] };
    const reach = kernel.radius * width;
    const clamp = (input: number) => Math.min(Math.max(input, 0), inputs - 1);
    const start = clamp(Math.ceil(Math.fround(sample - reach - 0.5)));
    const end = clamp(Math.floor(Math.fround(sample + reach - 0.5)));
    const weights: number[] = [];
    for (let input = start; input <= end; input++) weights.push(kernel.at(Math.abs((input + 0.5 - sample) / width)));
    return { start, weights: normalized(weights) };
  };
}

function normalized(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (sum === 0 ? weight : weight / sum));
}

/** Keys 1981, with a = -0.5. */
function keys(x: number): number {
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
}

/** Mitchell and Netravali 1988, with B = C = 1/3. */
function mitchell(x: number): number {
  if (x >= 2) return 0;
  return x >= 1 ? (((-7 / 18) * x + 2) * x - 10 / 3) * x + 16 / 9 : ((7 / 6) * x - 2) * x * x + 8 / 9;
}

function lanczos(x: number, radius: number): number {
  if (x > radius) return 0;
  if (x <= 1e-3) return 1;
  const angle = Math.PI * x;
  return (radius * Math.sin(angle) * Math.sin(angle / radius)) / (angle * angle);
}

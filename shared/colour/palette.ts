/** Colours of classes that no manifest names: apart from each other under every kind of colour blindness. */

export type Rgb = [red: number, green: number, blue: number];

/** Okabe and Ito, 'Color Universal Design' (2008), without black, which reads as 'nothing' on a slide. */
const OKABE_ITO = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'];

/** Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB, row-major: none, protan, deutan, tritan. */
const VISIONS = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
];

/** Lightness (OKLab) of candidates: darker ones vanish in nuclei, lighter ones on glass. */
const LIGHTNESS = [0.42, 0.88];
const CANDIDATE_STEP = 17;

/** Parses `#rrggbb` (any case) to 0..255 each; undefined for anything else. */
export function parseColour(text: string): Rgb | undefined {
  if (!/^#[0-9a-f]{6}$/i.test(text)) return undefined;
  const value = Number.parseInt(text.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** `#rrggbb` of bytes. */
export function formatColour([red, green, blue]: Rgb): string {
  return `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, '0')}`;
}

const chosen: string[] = [...OKABE_ITO];
let search: { colours: string[]; seen: Float64Array[]; distance: Float64Array } | undefined;

/** `#rrggbb` of class `index` (0, 1, ...): Okabe-Ito, then each the farthest from all before it in OKLab, as seen worst. */
export function classColour(index: number): string {
  while (chosen.length <= index) chosen.push(farthest());
  return chosen[index];
}

function farthest(): string {
  search ??= startSearch();
  let best = 0;
  for (let i = 1; i < search.distance.length; i++) if (search.distance[i] > search.distance[best]) best = i;
  // With every candidate taken the colours begin again.
  if (search.distance[best] === 0) return chosen[chosen.length % search.colours.length];
  const colour = search.colours[best];
  approach(search.seen, search.distance, asSeen(colour));
  return colour;
}

function startSearch() {
  const colours: string[] = [];
  const seen: Float64Array[] = [];
  for (let red = 0; red < 256; red += CANDIDATE_STEP) {
    for (let green = 0; green < 256; green += CANDIDATE_STEP) {
      for (let blue = 0; blue < 256; blue += CANDIDATE_STEP) {
        const colour = formatColour([red, green, blue]);
        const points = asSeen(colour);
        if (points[0] < LIGHTNESS[0] || points[0] > LIGHTNESS[1]) continue;
        colours.push(colour);
        seen.push(points);
      }
    }
  }
  const distance = new Float64Array(colours.length).fill(Number.POSITIVE_INFINITY);
  for (const colour of chosen) approach(seen, distance, asSeen(colour));
  return { colours, seen, distance };
}

/** Lowers every candidate's distance from the chosen colours to that from one more, squared, the worst vision's. */
function approach(seen: Float64Array[], distance: Float64Array, point: Float64Array): void {
  for (let i = 0; i < seen.length; i++) {
    for (let start = 0; start < point.length; start += 3) {
      const l = seen[i][start] - point[start];
      const a = seen[i][start + 1] - point[start + 1];
      const b = seen[i][start + 2] - point[start + 2];
      distance[i] = Math.min(distance[i], l * l + a * a + b * b);
    }
  }
}

/** OKLab (Ottosson 2020) of a colour under each of `VISIONS`, three numbers each. */
export function asSeen(colour: string): Float64Array {
  const value = Number.parseInt(colour.slice(1), 16);
  const linear = [value >> 16, (value >> 8) & 255, value & 255].map((byte) => {
    const c = byte / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const points = new Float64Array(VISIONS.length * 3);
  VISIONS.forEach((m, vision) => {
    const [r, g, b] = [0, 3, 6].map((row) =>
      Math.min(1, Math.max(0, m[row] * linear[0] + m[row + 1] * linear[1] + m[row + 2] * linear[2])),
    );
    const long = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const medium = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const short = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    points[3 * vision] = 0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short;
    points[3 * vision + 1] = 1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short;
    points[3 * vision + 2] = 0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short;
  });
  return points;
}

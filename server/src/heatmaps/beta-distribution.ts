/** Relative, of the continued fraction and of the quantile: far below what an interval shows. */
const PRECISION = 1e-12;

/** Below it a quantile is as good as 0; for small `a` there is no float that is small enough. */
const TINY = 1e-15;

/** The fraction converges in about the square root of the larger parameter; a slide has fewer than 10^8 patches. */
const MAX_TERMS = 20_000;

/** Newton's method takes a few steps; bisection, where it would leave the bracket, up to the bits of a float. */
const MAX_STEPS = 100;

/**
 * The value below which a share `q` of the beta distribution with parameters `a` and `b` lies: Newton's method on the
 * distribution function, kept within a bracket that only shrinks.
 * @param q 0 to 1 @param a above 0 @param b above 0
 * @returns 0 to 1, to 12 digits or, where it is smaller, to 1e-15
 */
export function betaQuantile(q: number, a: number, b: number): number {
  if (q <= 0) return 0;
  if (q >= 1) return 1;
  let low = 0;
  let high = 1;
  let x = a / (a + b);
  const scale = -logBeta(a, b);
  for (let step = 0; step < MAX_STEPS && high - low > PRECISION * high && high > TINY; step++) {
    const error = betaDistribution(x, a, b) - q;
    if (error === 0) return x;
    if (error > 0) high = x;
    else low = x;
    const density = Math.exp(scale + (a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x));
    const next = x - error / density;
    // The last step may lead a little out of the unit interval.
    if (Math.abs(next - x) <= PRECISION * x) return Math.min(1, Math.max(0, next));
    x = next > low && next < high ? next : (low + high) / 2;
  }
  return x;
}

/**
 * The beta distribution's function, which is the regularized incomplete beta function I_x(a, b): the continued fraction of
 * Abramowitz and Stegun, 26.5.8, evaluated by Lentz's method (Applied Optics 15, 1976).
 * @param x 0 to 1 @param a above 0 @param b above 0
 */
export function betaDistribution(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // Beyond there the other tail converges faster.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaDistribution(1 - x, b, a);
  let numerator = 1;
  let denominator = 1 / (1 - ((a + b) * x) / (a + 1));
  let fraction = denominator;
  const multiply = (term: number) => {
    denominator = 1 / (1 + term * denominator);
    numerator = 1 + term / numerator;
    const factor = denominator * numerator;
    fraction *= factor;
    return factor;
  };
  for (let m = 1; m < MAX_TERMS; m++) {
    multiply((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)));
    const factor = multiply((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)));
    if (Math.abs(factor - 1) < PRECISION) break;
  }
  return (Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) * fraction) / a;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series (Abramowitz and Stegun, 6.1.41) from 10 upwards, below by the recurrence; 14 digits. @param x above 0 */
function logGamma(x: number): number {
  let product = 1;
  let z = x;
  while (z < 10) product *= z++;
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

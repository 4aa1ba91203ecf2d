import type { HeatmapDescriptor, Score } from '../../../shared/heatmap-descriptor.ts';
import type { CamChanges, CamSettings } from '../options.ts';
import { colormapOf, comparedNames, effectiveScore, isCompared, isShare, rangeOf, shownClasses } from '../shown.ts';
import { say } from '../strings.ts';
import { colourTable } from '../tile-pixels.ts';
import { HISTOGRAM_BINS } from '../view-histogram.ts';
import { element } from './elements.ts';
import { scoreText } from './format.ts';
import { handleStep, type Interval, roundedOutwards, spreadLabels, union } from './score-domain.ts';

/** Colours of the map that the scale's gradient is made of. */
const STOPS = 24;
/** Width of a digit of the labels, in percent of the track where that is narrowest. */
const DIGIT = 2.8;
/** Characters of a model's name at an end of the scale. */
const LONGEST_NAME = 15;
const SHARE: Interval = [0, 1];

export interface Scale {
  element: HTMLElement;
  show(settings: CamSettings): void;
  /** Scores have been seen: a scale without natural ends grows to hold them. */
  widen(score: Score, seen: Interval): void;
  /** Ends of the scale. */
  domain(): Interval;
  /** How often each score occurs, from one end of the scale to the other; undefined where that has no meaning. */
  showHistogram(bins: readonly number[] | undefined): void;
  focusThreshold(): void;
}

/** The legend: the colour scale with handles for its ends and the threshold, which are sliders of their own for the keyboard. */
export function createScale(
  descriptor: HeatmapDescriptor,
  first: CamSettings,
  change: (changes: CamChanges) => void,
  compared: () => HeatmapDescriptor | undefined,
): Scale {
  let settings = first;
  let domain: Interval = SHARE;
  /** Ends of the scales of scores without natural ends; they only grow. */
  const domains: Partial<Record<Score, Interval>> = {};
  const seen: Partial<Record<Score, Interval>> = {};

  const slider = (name: string, label: string) =>
    element('input', { type: 'range', class: `osd-cam-handle osd-cam-${name}`, 'aria-label': label });
  const low = slider('low', say('Low'));
  const high = slider('high', say('High'));
  const threshold = slider('threshold', say('Threshold'));
  const silhouette = element('div', { class: 'osd-cam-histogram', role: 'img', 'aria-label': say('Histogram') });
  const track = element('div', { class: 'osd-cam-track' });
  const labels = ['low', 'threshold', 'high'].map((name) => element('output', { class: `osd-cam-${name}-value` }));
  const minus = element('p', { class: 'osd-cam-note' });
  const scale = element('div', { class: 'osd-cam-scale' }, track, low, high, threshold);

  low.addEventListener('input', () => {
    const [, end] = settings.range;
    change({ range: [Math.min(Number(low.value), end - handleStep(domain)), end] });
  });
  high.addEventListener('input', () => {
    const [start] = settings.range;
    change({ range: [start, Math.max(Number(high.value), start + handleStep(domain))] });
  });
  threshold.addEventListener('input', () => {
    const value = Number(threshold.value);
    change({ threshold: value <= domain[0] ? null : value });
  });
  const usual = () => rangeOf(effectiveScore(settings), descriptor);
  low.addEventListener('dblclick', () =>
    change({ range: [Math.min(usual()[0], settings.range[1]), settings.range[1]] }),
  );
  high.addEventListener('dblclick', () =>
    change({ range: [settings.range[0], Math.max(usual()[1], settings.range[0])] }),
  );
  threshold.addEventListener('dblclick', () => change({ threshold: null }));

  const domainNow = (): Interval => {
    const score = effectiveScore(settings);
    const cut = settings.threshold ?? settings.range[0];
    const wanted = union(settings.range, [cut, cut]);
    if (isShare(score, descriptor)) return union(SHARE, wanted);
    const before = domains[score] ?? roundedOutwards(rangeOf(score, descriptor));
    const needed = union(before, union(seen[score] ?? before, wanted));
    const grown = needed[0] < before[0] || needed[1] > before[1] ? union(before, roundedOutwards(needed)) : before;
    domains[score] = grown;
    return grown;
  };

  const draw = () => {
    const { range } = settings;
    const extent = domain[1] - domain[0];
    const cut = settings.threshold ?? domain[0];
    const handles: [HTMLInputElement, number, string][] = [
      [low, range[0], scoreText(range[0], extent)],
      [threshold, cut, settings.threshold === null ? say('NoThreshold') : scoreText(cut, extent)],
      [high, range[1], scoreText(range[1], extent)],
    ];
    for (const [input, value, text] of handles) {
      input.min = String(domain[0]);
      input.max = String(domain[1]);
      input.step = String(handleStep(domain));
      input.value = String(value);
      input.setAttribute('aria-valuetext', text);
    }
    const place = (score: number) => (100 * (score - domain[0])) / extent;
    track.style.backgroundImage = gradient(settings, place);
    scale.style.setProperty('--osd-cam-cut', `${settings.mode === 'difference' ? 0 : Math.max(0, place(cut))}%`);
    const isDifference = settings.mode === 'difference';
    for (const [input] of handles) input.hidden = isDifference;
    const other = isCompared(settings) ? compared() : undefined;
    const [first, second] = other
      ? [descriptor, other].map(({ title }) => clipped(title))
      : shownClasses(settings, descriptor).map((index) => descriptor.classes[index].name);
    minus.hidden = !other;
    if (other) minus.textContent = say('Minus', ...comparedNames(settings, descriptor, other));
    const numbers = [handles[0][2], settings.threshold === null ? '' : `≥ ${handles[1][2]}`, handles[2][2]];
    // To which side which class or model leads.
    const texts = isDifference ? [`← ${second}`, '', `${first} →`] : numbers;
    const widths = texts.map((text) => (text === '' ? 0 : (text.length + 1) * DIGIT));
    const centres = spreadLabels(isDifference ? [0, 50, 100] : handles.map(([, value]) => place(value)), widths);
    labels.forEach((label, i) => {
      label.textContent = texts[i];
      label.style.left = `${centres[i]}%`;
    });
  };
  const update = () => {
    // Under the pointer the scale must not change beneath the handle.
    if (!scale.matches(':active')) domain = domainNow();
    draw();
  };
  // What was held back while a handle was dragged.
  for (const type of ['pointerup', 'pointercancel'] as const) {
    scale.addEventListener(type, () => requestAnimationFrame(update));
  }

  update();
  return {
    element: element(
      'div',
      { class: 'osd-cam-legend' },
      silhouette,
      scale,
      element('div', { class: 'osd-cam-ends' }, ...labels),
      minus,
    ),
    show: (next) => {
      settings = next;
      update();
    },
    widen: (score, values) => {
      if (isShare(score, descriptor)) return;
      seen[score] = union(seen[score] ?? values, values);
      if (score === effectiveScore(settings)) update();
    },
    domain: () => domain,
    showHistogram: (bins) => {
      const isEmpty = !bins?.some((height) => height > 0);
      silhouette.hidden = bins === undefined;
      silhouette.classList.toggle('osd-cam-empty', isEmpty);
      if (bins && !isEmpty) silhouette.style.clipPath = outlineOf(bins);
    },
    focusThreshold: () => threshold.focus(),
  };
}

/** A name that fits into half of the legend. */
function clipped(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

/** The shape of a histogram, from its left end to its right one. */
function outlineOf(bins: readonly number[]): string {
  const corners = bins.flatMap((height, bin) =>
    [bin, bin + 1].map((edge) => `${(100 * edge) / HISTOGRAM_BINS}% ${(100 * (1 - height)).toFixed(1)}%`),
  );
  return `polygon(0% 100%, ${corners.join(', ')}, 100% 100%)`;
}

function gradient(settings: CamSettings, place: (score: number) => number): string {
  const { mode, range } = settings;
  const [start, end] = mode === 'difference' ? [0, 100] : [place(range[0]), place(range[1])];
  if (mode === 'blend' || mode === 'argmax')
    return `linear-gradient(90deg, transparent ${start}%, currentColor ${end}%)`;
  const table = colourTable(colormapOf(settings));
  const stops = Array.from({ length: STOPS + 1 }, (_, i) => {
    const entry = 3 * Math.round((255 * i) / STOPS);
    const colour = `rgb(${table[entry]} ${table[entry + 1]} ${table[entry + 2]})`;
    return `${colour} ${start + ((end - start) * i) / STOPS}%`;
  });
  return `linear-gradient(90deg, ${stops.join(', ')})`;
}

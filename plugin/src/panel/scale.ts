import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import { type CamChanges, type CamSettings, effectiveScore, isShare } from '../options.ts';
import { colourTable } from '../tile-pixels.ts';
import { element } from './elements.ts';
import { scoreText } from './format.ts';

const STEPS = 200;
/** Colours of the map that the scale's gradient is made of. */
const STOPS = 24;

export interface Scale {
  element: HTMLElement;
  show(settings: CamSettings): void;
}

/** The legend: the colour scale with handles for its ends and the threshold, which are sliders of their own for the keyboard. */
export function createScale(descriptor: HeatmapDescriptor, change: (changes: CamChanges) => void): Scale {
  let domain: [number, number] = [0, 1];
  let range: readonly [number, number] = [0, 1];

  const slider = (name: string, label: string) =>
    element('input', { type: 'range', class: `osd-cam-handle osd-cam-${name}`, 'aria-label': label });
  const low = slider('low', 'Score at the low end of the scale');
  const high = slider('high', 'Score at the high end of the scale');
  const threshold = slider('threshold', 'Threshold: scores below are not shown');
  const track = element('div', { class: 'osd-cam-track' });
  const values = ['low', 'threshold', 'high'].map((name) => element('output', { class: `osd-cam-${name}-value` }));
  const scale = element('div', { class: 'osd-cam-scale' }, track, low, high, threshold);

  const step = () => (domain[1] - domain[0]) / STEPS;
  low.addEventListener('input', () => {
    change({ range: [Math.min(Number(low.value), range[1] - step()), range[1]] });
  });
  high.addEventListener('input', () => {
    change({ range: [range[0], Math.max(Number(high.value), range[0] + step())] });
  });
  threshold.addEventListener('input', () => {
    const value = Number(threshold.value);
    change({ threshold: value <= domain[0] ? null : value });
  });
  low.addEventListener('dblclick', () => change({ range: [0, range[1]] }));
  high.addEventListener('dblclick', () => change({ range: [range[0], 1] }));
  threshold.addEventListener('dblclick', () => change({ threshold: null }));

  return {
    element: element('div', { class: 'osd-cam-legend' }, scale, element('div', { class: 'osd-cam-ends' }, ...values)),
    show: (settings) => {
      range = settings.range;
      const dragging = scale.matches(':active');
      // Under the pointer the scale must not change beneath the handle.
      if (!dragging) domain = domainOf(settings, descriptor);
      const extent = domain[1] - domain[0];
      const shown: [HTMLInputElement, number][] = [
        [low, range[0]],
        [high, range[1]],
        [threshold, settings.threshold ?? domain[0]],
      ];
      for (const [input, value] of shown) {
        input.min = String(domain[0]);
        input.max = String(domain[1]);
        input.step = String(step());
        input.value = String(value);
        input.setAttribute('aria-valuetext', scoreText(value, extent));
      }
      const place = (score: number) => (100 * (score - domain[0])) / extent;
      track.style.backgroundImage = gradient(settings, place);
      scale.style.setProperty('--osd-cam-cut', `${Math.max(0, place(settings.threshold ?? domain[0]))}%`);
      values[0].textContent = scoreText(range[0], extent);
      values[1].textContent = settings.threshold === null ? '' : `≥ ${scoreText(settings.threshold, extent)}`;
      values[2].textContent = scoreText(range[1], extent);
    },
  };
}

/** Scores that the scale spans: 0 to 1, and where scores have no bounds half as much again as the range. */
function domainOf(settings: CamSettings, descriptor: HeatmapDescriptor): [number, number] {
  const { range, threshold } = settings;
  if (isShare(effectiveScore(settings), descriptor)) return [Math.min(0, range[0]), Math.max(1, range[1])];
  const lowest = Math.min(0, range[0], threshold ?? 0);
  return [lowest * 1.5, Math.max(1, range[1], threshold ?? 0) * 1.5];
}

function gradient({ mode, colormap, range }: CamSettings, place: (score: number) => number): string {
  const [start, end] = [place(range[0]), place(range[1])];
  if (mode !== 'single') return `linear-gradient(90deg, transparent ${start}%, currentColor ${end}%)`;
  const table = colourTable(colormap);
  const stops = Array.from({ length: STOPS + 1 }, (_, i) => {
    const entry = 3 * Math.round((255 * i) / STOPS);
    const colour = `rgb(${table[entry]} ${table[entry + 1]} ${table[entry + 2]})`;
    return `${colour} ${start + ((end - start) * i) / STOPS}%`;
  });
  return `linear-gradient(90deg, ${stops.join(', ')})`;
}

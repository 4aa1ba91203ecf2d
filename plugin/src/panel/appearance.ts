import { type HeatmapDescriptor, METHOD_NAMES, type Score } from '../../../shared/heatmap-descriptor.ts';
import type { CamChanges, CamSettings, Interpolation } from '../options.ts';
import { colormapOf, effectiveScore, isShare } from '../shown.ts';
import { numberText, type StringKey, say } from '../strings.ts';
import { createColormapMenu } from './colormap-menu.ts';
import { element, segmented, select, uniqueId } from './elements.ts';

const SCORE_NAMES = { probability: 'ScoreProbability', patch: 'ScorePatch' } as const satisfies Record<
  string,
  StringKey
>;
/** Ends of the slider of gamma, whose steps are equal ratios. */
const GAMMA = { least: 0.25, most: 4 };

/** How scores look: opacity, colours, interpolation, and what is wanted less often. */
export function createAppearance(
  descriptor: HeatmapDescriptor,
  change: (changes: CamChanges) => void,
): { elements: HTMLElement[]; show(settings: CamSettings): void } {
  const opacity = slider(say('Opacity'), { min: '0', max: '1', step: '0.01' });
  opacity.input.addEventListener('input', () => change({ opacity: Number(opacity.input.value) }));
  opacity.input.addEventListener('dblclick', () => change({ opacity: 0.5 }));

  const ends = { min: String(Math.log2(GAMMA.least)), max: String(Math.log2(GAMMA.most)), step: '0.05' };
  const gamma = slider(say('Gamma'), ends);
  gamma.input.addEventListener('input', () => change({ gamma: Number((2 ** Number(gamma.input.value)).toFixed(2)) }));
  gamma.input.addEventListener('dblclick', () => change({ gamma: 1 }));

  const fade = element('input', { type: 'checkbox', class: 'osd-cam-check' });
  fade.addEventListener('change', () => change({ opacityByValue: fade.checked }));
  const fadeField = element('label', { class: 'osd-cam-switch' }, fade, element('span', {}, say('FadeLow')));

  const colormap = createColormapMenu((name) => change({ colormap: name }));
  const score = select<Score>(
    say('Score'),
    descriptor.scores.map((value) => {
      if (value === 'cam') return { value, text: METHOD_NAMES[descriptor.method] };
      const plain = value === 'patch' && !isShare(value, descriptor);
      return { value, text: say(plain ? 'ScoreOfPatch' : SCORE_NAMES[value]) };
    }),
    (value) => change({ score: value }),
  );
  const interpolation = segmented<Interpolation>(
    say('Interpolation'),
    [
      { value: 'smooth', text: say('Smooth'), hint: say('SmoothHint'), icon: 'smooth' },
      { value: 'cells', text: say('Cells'), hint: say('CellsHint'), icon: 'cells' },
      { value: 'patches', text: say('Patches'), hint: say('PatchesHint'), icon: 'patches' },
    ],
    (value) => change({ interpolation: value }),
  );
  const more = element(
    'details',
    { class: 'osd-cam-more' },
    element('summary', {}, say('More')),
    score.element,
    gamma.element,
    fadeField,
    ...notes(descriptor),
  );

  return {
    elements: [opacity.element, colormap.element, interpolation.element, more],
    show(settings) {
      const isOfSeveral = settings.mode === 'blend' || settings.mode === 'argmax';
      opacity.show(settings.opacity, say('Percent', numberText(Math.round(100 * settings.opacity), 0)));
      gamma.show(Math.log2(settings.gamma), numberText(settings.gamma, 2));
      fade.checked = settings.opacityByValue;
      fadeField.hidden = isOfSeveral;
      colormap.show(colormapOf(settings));
      colormap.element.hidden = isOfSeveral;
      score.show(effectiveScore(settings));
      score.setDisabled(settings.interpolation === 'patches');
      score.element.hidden = descriptor.scores.length < 2;
      interpolation.show(settings.interpolation);
    },
  };
}

/** A slider with its label and its value in words. */
function slider(label: string, ends: Readonly<Record<'min' | 'max' | 'step', string>>) {
  const id = uniqueId('slider');
  const input = element('input', { id, type: 'range', ...ends });
  const output = element('output', { for: id });
  return {
    input,
    element: element('div', { class: 'osd-cam-field' }, element('label', { for: id }, label), input, output),
    show(value: number, text: string) {
      input.value = String(value);
      input.setAttribute('aria-valuetext', text);
      output.textContent = text;
    },
  };
}

/** What was odd about the model or the slide when they were opened. */
function notes({ warnings }: HeatmapDescriptor): HTMLElement[] {
  if (warnings.length === 0) return [];
  const list = element('ul', { class: 'osd-cam-notes' }, ...warnings.map((warning) => element('li', {}, warning)));
  return [element('p', { class: 'osd-cam-notes-title' }, say('Notes')), list];
}

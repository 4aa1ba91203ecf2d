import { COLORMAPS } from '../../../shared/colour/colormaps.ts';
import {
  type Breakdown,
  type HeatmapDescriptor,
  METHOD_NAMES,
  type Method,
  type Score,
} from '../../../shared/heatmap-descriptor.ts';
import type { Mode } from '../../../shared/painting/style.ts';
import type { Scope } from '../breakdowns.ts';
import type { CamProgress } from '../events.ts';
import {
  type CamChanges,
  type CamSettings,
  effectiveScore,
  type Interpolation,
  isShare,
  MOST_AT_FIRST,
} from '../options.ts';
import { isUnanswered, reasonOf } from '../request-error.ts';
import { createClassList } from './class-list.ts';
import { fitPanel } from './dock.ts';
import { element, segmented, select, uniqueId } from './elements.ts';
import { analysed, shareHeading, timeLeft } from './format.ts';
import { createScale } from './scale.ts';
import type { Interval } from './score-domain.ts';

/** What the panel shows; parts left out stay as they are. */
export interface PanelState {
  settings?: CamSettings;
  breakdown?: Breakdown;
  progress?: CamProgress;
  error?: Error | undefined;
  /** Scores that have come: their lowest and highest. */
  seen?: { score: Score; values: Interval };
}

export interface Panel {
  element: HTMLElement;
  show(state: PanelState): void;
  /** Leaves only its header. */
  collapse(): void;
  /** Fits it to the viewer's size in CSS pixels. */
  fit(width: number, height: number): void;
  /** The view moves. */
  moved(): void;
  destroy(): void;
}

const SCORE_NAMES: Record<Exclude<Score, 'cam'>, string> = { probability: 'Probability', patch: 'Patch probability' };
const NAME_WITHOUT_ACTIVATION = 'Patch score';
const CUSTOM_COLORMAP = 'custom';
const ESTIMATED = 'Fainter: estimated so far';
/** What others put into the panel. */
export interface PanelParts {
  region: HTMLElement;
  analysis: HTMLElement;
  predictions: HTMLElement;
  exports: HTMLElement;
}

/** The panel of one overlay; it only tells what was chosen, and shows what it is told. */
export function createPanel(
  descriptor: HeatmapDescriptor,
  first: CamSettings,
  actions: {
    change(changes: CamChanges): void;
    reset(): void;
    scope(scope: Scope): void;
  },
  parts: PanelParts,
): Panel {
  const { change } = actions;
  let settings = first;

  const bodyId = uniqueId('body');
  const titleId = uniqueId('title');
  const state = element('span', { class: 'osd-cam-state', role: 'status' });
  const collapse = element('button', { type: 'button', class: 'osd-cam-collapse', 'aria-controls': bodyId });
  const bar = element('div', { class: 'osd-cam-progress', 'aria-hidden': 'true' });
  const problem = element('p', { class: 'osd-cam-problem', role: 'alert', hidden: '' });
  const header = element(
    'header',
    {},
    element('h2', { id: titleId, title: descriptor.title }, descriptor.title),
    ...methodLabel(descriptor.method),
    state,
    collapse,
  );

  const mode = segmented<Mode>(
    'Mode',
    [
      { value: 'single', text: 'One class' },
      { value: 'blend', text: 'Several' },
      { value: 'argmax', text: 'Most likely' },
    ],
    (value) => {
      // Several classes begin with all of them, or the leading ones of many; one class with the first of those shown.
      const begins = value !== 'single' && settings.mode === 'single';
      const many = descriptor.classes.length > MOST_AT_FIRST;
      if (begins) change({ mode: value, classes: many ? classes.leading(MOST_AT_FIRST) : 'all' });
      else change({ mode: value });
    },
  );
  const classes = createClassList(descriptor, first, change);
  const scope = segmented<Scope>(
    'Shares of',
    [
      { value: 'slide', text: 'Slide' },
      { value: 'view', text: 'View' },
      { value: 'region', text: 'Region' },
    ],
    (value) => {
      classes.sortAnew();
      actions.scope(value);
    },
  );
  scope.show('slide');
  const scale = createScale(descriptor, first, change);

  const note = element('p', { class: 'osd-cam-note', hidden: '' }, ESTIMATED);

  const opacityId = uniqueId('opacity');
  const opacity = element('input', { id: opacityId, type: 'range', min: '0', max: '1', step: '0.01' });
  const opacityValue = element('output', { for: opacityId });
  opacity.addEventListener('input', () => change({ opacity: Number(opacity.value) }));
  opacity.addEventListener('dblclick', () => change({ opacity: 0.5 }));

  const colormap = select(
    'Colours',
    [...COLORMAPS, CUSTOM_COLORMAP].map((value) => ({ value, text: value })),
    (value) => {
      if (value !== CUSTOM_COLORMAP) change({ colormap: value });
    },
  );
  const score = select<Score>(
    'Score',
    descriptor.scores.map((value) => {
      if (value === 'cam') return { value, text: METHOD_NAMES[descriptor.method] };
      const plain = value === 'patch' && !isShare(value, descriptor);
      return { value, text: plain ? NAME_WITHOUT_ACTIVATION : SCORE_NAMES[value] };
    }),
    (value) => change({ score: value }),
  );
  const interpolation = segmented<Interpolation>(
    'Interpolation',
    [
      { value: 'smooth', text: 'Smooth', hint: 'Interpolated between cells' },
      { value: 'cells', text: 'Cells', hint: 'Each cell of the model as it is' },
      { value: 'patches', text: 'Patches', hint: 'Each patch with its own probability' },
    ],
    (value) => change({ interpolation: value }),
  );
  const visible = element('input', { type: 'checkbox', role: 'switch', class: 'osd-cam-check' });
  visible.addEventListener('change', () => change({ visible: visible.checked }));
  const reset = element('button', { type: 'button', class: 'osd-cam-reset' }, 'Reset');
  reset.addEventListener('click', () => actions.reset());

  const body = element(
    'div',
    { class: 'osd-cam-body', id: bodyId },
    mode.element,
    element('div', { class: 'osd-cam-heading' }, element('span', {}, shareHeading(descriptor)), scope.element),
    parts.region,
    classes.element,
    parts.analysis,
    scale.element,
    note,
    element('div', { class: 'osd-cam-field' }, element('label', { for: opacityId }, 'Opacity'), opacity, opacityValue),
    colormap.element,
    score.element,
    interpolation.element,
    parts.predictions,
    parts.exports,
    element(
      'footer',
      {},
      element('label', { class: 'osd-cam-switch' }, visible, element('span', {}, 'Show heatmap')),
      reset,
    ),
  );
  const panel = element('section', { class: 'osd-cam', 'aria-labelledby': titleId }, header, bar, problem, body);

  const setCollapsed = (collapsed: boolean) => {
    panel.classList.toggle('osd-cam-collapsed', collapsed);
    body.hidden = collapsed;
    collapse.setAttribute('aria-expanded', String(!collapsed));
    collapse.setAttribute('aria-label', collapsed ? 'Show the settings' : 'Hide the settings');
  };
  let openWhenWide = true;
  setCollapsed(false);
  collapse.addEventListener('click', () => setCollapsed(!body.hidden));
  for (const type of ['pointerdown', 'wheel', 'keydown', 'dblclick', 'contextmenu', 'touchstart'] as const) {
    // What is meant for the panel neither moves the slide nor presses a key of the viewer or the page.
    panel.addEventListener(type, (event) => event.stopPropagation(), { passive: true });
  }

  const showSettings = (next: CamSettings) => {
    settings = next;
    mode.show(next.mode);
    classes.showSettings(next);
    scale.show(next);
    opacity.value = String(next.opacity);
    opacityValue.textContent = `${Math.round(100 * next.opacity)} %`;
    colormap.show(typeof next.colormap === 'string' ? next.colormap : CUSTOM_COLORMAP);
    colormap.element.hidden = next.mode !== 'single';
    score.show(effectiveScore(next));
    score.setDisabled(next.interpolation === 'patches');
    score.element.hidden = descriptor.scores.length < 2;
    interpolation.show(next.interpolation);
    visible.checked = next.visible;
  };
  showSettings(first);

  return {
    element: panel,
    show: (next) => {
      if (next.settings) showSettings(next.settings);
      if (next.breakdown) {
        classes.showBreakdown(next.breakdown);
        state.textContent = analysed(next.breakdown);
        note.hidden = next.breakdown.exact;
        const { known, total } = next.breakdown.patches;
        bar.style.setProperty('--osd-cam-done', String(total > 0 ? known / total : 0));
      }
      if (next.seen) scale.widen(next.seen.score, next.seen.values);
      if (next.progress) {
        const { pending, missing, secondsLeft } = next.progress;
        panel.classList.toggle('osd-cam-busy', pending > 0 || (missing ?? 0) > 0);
        const left = timeLeft(secondsLeft);
        note.textContent = left ? `${ESTIMATED}, ${left}` : ESTIMATED;
      }
      if ('error' in next) {
        problem.hidden = !next.error;
        problem.textContent = next.error ? problemText(next.error) : '';
      }
    },
    collapse: () => setCollapsed(true),
    fit: (width, height) => {
      const before = panel.classList.contains('osd-cam-narrow');
      const narrow = fitPanel(panel, width, height);
      if (narrow === before) return;
      // The sheet begins closed, and what it was before comes back with the room for it.
      if (narrow) openWhenWide = !body.hidden;
      setCollapsed(narrow || !openWhenWide);
    },
    moved: classes.moved,
    destroy: () => {
      classes.destroy();
      panel.remove();
    },
  };
}

const METHOD_HINTS: Record<Exclude<Method, 'cam'>, string> = {
  hirescam: 'HiResCAM: how much each cell adds to a class’s logit, by its gradient',
  gradcam: 'Grad-CAM: cells weighted by the mean gradient of a class’s logit',
};

/** The name of a map that is no CAM. */
function methodLabel(method: Method): HTMLElement[] {
  if (method === 'cam') return [];
  return [element('span', { class: 'osd-cam-method', title: METHOD_HINTS[method] }, METHOD_NAMES[method])];
}

function problemText(error: Error): string {
  return isUnanswered(error) ? `${reasonOf(error)}; trying again` : reasonOf(error);
}

import { gridExtent } from '../../../shared/geometry/patch-grid.ts';
import {
  type Breakdown,
  type HeatmapDescriptor,
  METHOD_NAMES,
  type Method,
  type Score,
} from '../../../shared/heatmap-descriptor.ts';
import type { Scope } from '../breakdowns.ts';
import type { CamProgress } from '../events.ts';
import { loadOnDemand } from '../on-demand/load.ts';
import type { CamChanges, CamSettings } from '../options.ts';
import { type StringKey, say } from '../strings.ts';
import { createAppearance } from './appearance.ts';
import { createClassList } from './class-list.ts';
import { fitPanel } from './dock.ts';
import { element, segmented, uniqueId } from './elements.ts';
import { problemText } from './failure-panel.ts';
import { analysed, shareHeading, timeLeft } from './format.ts';
import { createModeChoice } from './mode-choice.ts';
import { createScale } from './scale.ts';
import type { Interval } from './score-domain.ts';

/** What the panel shows; parts left out stay as they are. */
export interface PanelState {
  settings?: CamSettings;
  /** Undefined where it is not known. */
  breakdown?: Breakdown | undefined;
  progress?: CamProgress;
  error?: Error | undefined;
  /** Scores that have come: their lowest and highest. */
  seen?: { score: Score; values: Interval };
  /** Of the scores on screen, along the scale; undefined where several classes are shown. */
  histogram?: readonly number[] | undefined;
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
  /** Ends of the scale, in units of the score. */
  domain(): Interval;
  focusThreshold(): void;
  /** Says what the keys do. */
  showKeys(): Promise<void>;
  destroy(): void;
}

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
    /** What is compared with. */
    compared(): HeatmapDescriptor | undefined;
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

  const mode = createModeChoice(descriptor, first.compareWith !== null, (value) => change({ mode: value }));
  const classes = createClassList(descriptor, first, change);
  const scope = segmented<Scope>(
    say('SharesOf'),
    [
      { value: 'slide', text: say('Slide') },
      { value: 'view', text: say('View') },
      { value: 'region', text: say('Region') },
    ],
    (value) => {
      classes.sortAnew();
      actions.scope(value);
    },
  );
  scope.show('slide');
  const scale = createScale(descriptor, first, change, actions.compared);

  const note = element('p', { class: 'osd-cam-note', hidden: '' });
  const { width, height } = gridExtent(descriptor.grid);
  const hasEdges = descriptor.width - width >= 1 || descriptor.height - height >= 1;
  let isExact = false;
  let left = '';
  const showNote = () => {
    note.hidden = isExact && !hasEdges;
    note.textContent = isExact ? say('Edges') : left ? say('EstimatedUntil', left) : say('Estimated');
  };

  const appearance = createAppearance(descriptor, change);
  const visible = element('input', { type: 'checkbox', role: 'switch', class: 'osd-cam-check' });
  visible.addEventListener('change', () => change({ visible: visible.checked }));
  const reset = element('button', { type: 'button', class: 'osd-cam-reset' }, say('Reset'));
  /** What was before a reset, until something else is changed. */
  let undone: CamSettings | undefined;
  const offerUndo = (before: CamSettings | undefined) => {
    undone = before;
    reset.textContent = say(before ? 'UndoReset' : 'Reset');
  };
  reset.addEventListener('click', () => {
    const before = undone ? undefined : settings;
    if (undone) change(undone);
    else actions.reset();
    // The change itself has taken the offer to undo away.
    offerUndo(before);
  });

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
    ...appearance.elements,
    parts.predictions,
    parts.exports,
    element(
      'footer',
      {},
      element('label', { class: 'osd-cam-switch' }, visible, element('span', {}, say('ShowHeatmap'))),
      reset,
    ),
  );
  const panel = element('section', { class: 'osd-cam', 'aria-labelledby': titleId }, header, bar, problem, body);

  const setCollapsed = (collapsed: boolean) => {
    panel.classList.toggle('osd-cam-collapsed', collapsed);
    body.hidden = collapsed;
    collapse.setAttribute('aria-expanded', String(!collapsed));
    collapse.setAttribute('aria-label', say(collapsed ? 'ShowSettings' : 'HideSettings'));
  };
  let closeKeys: (() => void) | undefined;
  let openWhenWide = true;
  setCollapsed(false);
  collapse.addEventListener('click', () => setCollapsed(!body.hidden));
  for (const type of ['pointerdown', 'wheel', 'keydown', 'dblclick', 'contextmenu', 'touchstart'] as const) {
    // What is meant for the panel neither moves the slide nor presses a key of the viewer or the page.
    panel.addEventListener(type, (event) => event.stopPropagation(), { passive: true });
  }

  const showSettings = (next: CamSettings) => {
    settings = next;
    offerUndo(undefined);
    mode.show(next.mode);
    classes.showSettings(next);
    scale.show(next);
    appearance.show(next);
    visible.checked = next.visible;
  };
  showSettings(first);

  return {
    element: panel,
    show: (next) => {
      if (next.settings) showSettings(next.settings);
      // Those shown before were of something else.
      if ('breakdown' in next) panel.classList.toggle('osd-cam-untold', !next.breakdown);
      if (next.breakdown) {
        classes.showBreakdown(next.breakdown);
        state.textContent = analysed(next.breakdown);
        isExact = next.breakdown.exact;
        showNote();
        const { known, total } = next.breakdown.patches;
        bar.style.setProperty('--osd-cam-done', String(total > 0 ? known / total : 0));
      }
      if (next.seen) scale.widen(next.seen.score, next.seen.values);
      if ('histogram' in next) scale.showHistogram(next.histogram);
      if (next.progress) {
        const { pending, missing, secondsLeft } = next.progress;
        panel.classList.toggle('osd-cam-busy', pending > 0 || (missing ?? 0) > 0);
        left = timeLeft(secondsLeft);
        showNote();
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
    domain: scale.domain,
    focusThreshold() {
      setCollapsed(false);
      scale.focusThreshold();
    },
    async showKeys() {
      const { showKeyHelp } = await loadOnDemand();
      closeKeys?.();
      if (panel.isConnected) closeKeys = showKeyHelp(panel);
    },
    destroy: () => {
      closeKeys?.();
      classes.destroy();
      panel.remove();
    },
  };
}

const METHOD_HINTS: Record<Exclude<Method, 'cam'>, StringKey> = { hirescam: 'HintHirescam', gradcam: 'HintGradcam' };

/** The name of a map that is no CAM. */
function methodLabel(method: Method): HTMLElement[] {
  if (method === 'cam') return [];
  return [element('span', { class: 'osd-cam-method', title: say(METHOD_HINTS[method]) }, METHOD_NAMES[method])];
}

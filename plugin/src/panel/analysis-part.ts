import type { AnalysisState } from '../../../shared/heatmap-descriptor.ts';
import { reasonOf } from '../request-error.ts';
import { numberText, say } from '../strings.ts';
import { element, uniqueId } from './elements.ts';
import { duration, percentage } from './format.ts';

export interface AnalysisPart {
  element: HTMLElement;
  /**
   * @param offered whether one can be begun; where not, nothing is shown
   * @param region patches of the drawn region that is to be analysed; null for the slide
   */
  show(state: AnalysisState, offered: boolean, region: { missing: number } | null): void;
}

/**
 * The button that begins an analysis and says what it costs; while one runs its progress, the time left and another to
 * stop it.
 */
export function createAnalysisPart(actions: { start(): Promise<unknown>; stop(): Promise<unknown> }): AnalysisPart {
  const start = element('button', { type: 'button', class: 'osd-cam-analyse' });
  const stop = element('button', { type: 'button', class: 'osd-cam-analyse' }, say('Stop'));
  const textId = uniqueId('analysis');
  const bar = element('progress', { max: '1', 'aria-labelledby': textId });
  const text = element('span', { id: textId });
  const running = element('div', { class: 'osd-cam-running' }, text, bar, stop);
  const problem = element('p', { class: 'osd-cam-note', role: 'alert', hidden: '' });
  const part = element('div', { class: 'osd-cam-analysis', hidden: '' }, start, running, problem);

  const tell = (message: string | undefined) => {
    problem.hidden = !message;
    problem.textContent = message ?? '';
  };
  const act = async (button: HTMLButtonElement, action: () => Promise<unknown>) => {
    button.disabled = true;
    tell(undefined);
    try {
      await action();
    } catch (error) {
      tell(reasonOf(error));
    }
    button.disabled = false;
  };
  start.addEventListener('click', () => act(start, actions.start));
  stop.addEventListener('click', () => act(stop, actions.stop));

  return {
    element: part,
    show: (state, offered, region) => {
      const isRunning = state.state === 'running';
      const missing = region?.missing ?? state.missing;
      const speed = state.patchesPerSecond;
      part.hidden = !offered || (missing === 0 && !isRunning);
      start.hidden = isRunning;
      running.hidden = !isRunning;
      const cost = speed ? duration(missing / speed) : say('CountPatches', numberText(missing, 0));
      start.textContent = say(region ? 'AnalyseRegion' : 'AnalyseSlide', cost);
      if (state.state === 'failed') tell(say('AnalysisFailed', state.error ?? ''));
      if (!isRunning) return;
      const { known, total } = state.region?.patches ?? state.patches;
      const left = speed ? duration((total - known) / speed) : '';
      bar.value = total > 0 ? known / total : 0;
      text.textContent = [say('Analysing', percentage(bar.value)), left].filter(Boolean).join(' · ');
    },
  };
}

import type { AnalysisState } from '../../../shared/heatmap-descriptor.ts';
import { reasonOf } from '../request-error.ts';
import { say } from '../strings.ts';
import { element, uniqueId } from './elements.ts';
import { percentage } from './format.ts';

export interface AnalysisPart {
  element: HTMLElement;
  /**
   * @param offered whether one can be begun; where not, nothing is shown
   * @param region patches of the drawn region that is to be analysed; null for the slide
   */
  show(state: AnalysisState, offered: boolean, region: { missing: number } | null): void;
}

/** How long something takes, in words: `3 min`; empty where that is not known. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '';
  if (seconds < 90) return `${Math.max(1, Math.ceil(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** The button that begins an analysis and says what it costs; while one runs its progress, the time left and another to stop it. */
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
      tell(error instanceof Error ? reasonOf(error) : String(error));
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
      const cost = duration(speed ? missing / speed : null) || say('CountPatches', missing.toLocaleString());
      start.textContent = say(region ? 'AnalyseRegion' : 'AnalyseSlide', cost);
      if (state.state === 'failed') tell(say('AnalysisFailed', state.error ?? ''));
      if (!isRunning) return;
      const { known, total } = state.region?.patches ?? state.patches;
      const left = duration(speed ? (total - known) / speed : null);
      bar.value = total > 0 ? known / total : 0;
      text.textContent = [say('Analysing', percentage(bar.value)), left].filter(Boolean).join(' · ');
    },
  };
}

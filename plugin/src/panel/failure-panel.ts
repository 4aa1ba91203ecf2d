import type OpenSeadragon from 'openseadragon';
import { isUnanswered, reasonOf } from '../request-error.ts';
import { say } from '../strings.ts';
import { type Appearance, dock, fitPanel } from './dock.ts';
import { element, uniqueId } from './elements.ts';

/** What is said of an error to who looks at the viewer. */
export function problemText(error: unknown): string {
  return isUnanswered(error) ? say('TryingAgain', say('Unanswered')) : reasonOf(error);
}

/** Says in the panel's place why there is no heatmap. */
export interface FailurePlace {
  show(error: unknown): void;
  remove(): void;
}

export function failurePlace(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  appearance: Appearance,
): FailurePlace {
  let shown: { text: string; undock(): void } | undefined;
  const remove = () => {
    shown?.undock();
    shown = undefined;
  };
  return {
    show(error) {
      const text = problemText(error);
      // Told once by a screen reader, however often it happens.
      if (text === shown?.text) return;
      remove();
      const panel = createFailurePanel(text);
      shown = { text, undock: dock(osd, viewer, panel.element, appearance, panel.fit) };
    },
    remove,
  };
}

/** What stands in the panel's place where there is no heatmap to show: a title, and why. */
function createFailurePanel(reason: string): {
  element: HTMLElement;
  fit(width: number, height: number): void;
} {
  const id = uniqueId('title');
  const panel = element(
    'section',
    { class: 'osd-cam osd-cam-failure', 'aria-labelledby': id },
    element('header', {}, element('h2', { id }, say('NoHeatmap'))),
    element('p', { class: 'osd-cam-problem', role: 'alert' }, reason),
  );
  return { element: panel, fit: (width, height) => void fitPanel(panel, width, height) };
}

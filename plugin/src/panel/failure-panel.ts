import { isUnanswered, reasonOf } from '../request-error.ts';
import { say } from '../strings.ts';
import { fitPanel } from './dock.ts';
import { element, uniqueId } from './elements.ts';

/** What is said of an error to who looks at the viewer. */
export function problemText(error: Error): string {
  return isUnanswered(error) ? say('TryingAgain', say('Unanswered')) : reasonOf(error);
}

/** What stands in the panel's place where there is no heatmap to show: a title, and why. */
export function createFailurePanel(reason: string): {
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

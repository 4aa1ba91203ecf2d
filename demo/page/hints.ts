import { element } from './element.ts';

const KEY = 'openseadragon-cam-hints-seen';

const HINTS = [
  'Scroll to zoom, drag to move: what you look at is classified first.',
  'Choose classes in the panel; click a swatch for another colour.',
  'Point at the tissue to read every class there.',
];
const TOUCH_HINTS = [
  'Pinch to zoom, drag to move: what you look at is classified first.',
  'Choose classes in the panel; tap a swatch for another colour.',
  'Tap the tissue to read every class there.',
];

/** Three hints at the first visit; once dismissed they never come back. */
export function showHints(container: HTMLElement): void {
  try {
    if (localStorage.getItem(KEY) !== null) return;
  } catch {
    return; // Storage is forbidden: better no hints than the same ones every time.
  }
  const hints = matchMedia('(pointer: coarse)').matches ? TOUCH_HINTS : HINTS;
  const dismiss = element('button', { type: 'button' }, 'Got it');
  const box = element(
    'section',
    { className: 'hints', ariaLabel: 'Hints' },
    element('ul', {}, ...hints.map((hint) => element('li', {}, hint))),
    dismiss,
  );
  dismiss.addEventListener('click', () => {
    localStorage.setItem(KEY, 'true');
    box.remove();
  });
  container.append(box);
}

import { element } from '../element.ts';

/** What is asked about: an image, and the model that wants to know. */
export interface ResolutionQuestion {
  image: string;
  model: string;
  /** Microns per pixel that the model was trained at. */
  trainedAt: number;
  /** What is said of the image so far. */
  current: number | null;
}

/**
 * Asks for the resolution of an image that does not say its own.
 * @returns microns per pixel; undefined where the question was put off
 */
export function askResolution({ image, model, trainedAt, current }: ResolutionQuestion): Promise<number | undefined> {
  return new Promise((resolve) => {
    const title = element('h2', { id: 'resolution-title' }, 'How fine is this image?');
    const same = element(
      'button',
      { type: 'button', className: 'primary' },
      element('b', {}, 'The same as the model was trained for'),
      element('span', {}, `${trainedAt} µm per pixel`),
    );
    const number = element('input', {
      ...{ type: 'number', name: 'mpp', min: '0.01', max: '1000', step: 'any', required: true },
      ...{ inputMode: 'decimal', value: current === null ? '' : String(current) },
    });
    number.setAttribute('aria-describedby', 'resolution-hint');
    const form = element(
      'form',
      { method: 'dialog' },
      element('label', {}, element('span', {}, 'Micrometres per pixel'), number),
      element('button', { type: 'submit' }, 'Use it'),
    );
    const hint = 'Scanned at 40× it is about 0.25, at 20× about 0.5.';
    const later = element('button', { type: 'button', className: 'quiet' }, 'Not now');
    const dialog = element(
      'dialog',
      { className: 'resolution' },
      title,
      element(
        'p',
        {},
        `The model “${model}” was trained at ${trainedAt} micrometres per pixel, and “${image}” does not say its own. With a wrong number the heatmap means nothing.`,
      ),
      same,
      element('p', { className: 'or' }, 'or, if you know it better'),
      form,
      element('p', { id: 'resolution-hint', className: 'hint' }, hint),
      later,
    );
    dialog.setAttribute('aria-labelledby', title.id);
    let answer: number | undefined;
    const end = (mpp?: number) => {
      answer = mpp;
      dialog.close();
    };
    same.addEventListener('click', () => end(trainedAt));
    later.addEventListener('click', () => end());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      end(number.valueAsNumber);
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    same.focus();
  });
}

import './slide-picture.css';
import type { CamOverlay } from '../../../plugin/src/index.ts';
import { element } from '../element.ts';
import { fetchPicture, Refusal } from '../server.ts';
import { pictureQuery } from './picture-query.ts';

/** Pixels of the long side. */
const SIZES = [1024, 2048, 4096];

/** Offers a picture of the whole slide with its heatmap as it is shown, or of the heatmap alone, to be saved. */
export function createSlidePicture(cam: () => CamOverlay | undefined): HTMLElement {
  const size = element(
    'select',
    {},
    ...SIZES.map((pixels) => element('option', { value: `${pixels}` }, `${pixels} px`)),
  );
  size.value = '2048';
  const alone = element('input', { type: 'checkbox' });
  const save = element('button', { type: 'button' }, 'Save');
  const state = element('p', { role: 'status', hidden: true });
  const say = (text: string) => {
    state.textContent = text;
    state.hidden = text === '';
  };
  save.addEventListener('click', async () => {
    save.disabled = true;
    say('The server paints the picture…');
    try {
      const overlay = cam();
      if (!overlay?.descriptor) throw new Refusal('No heatmap is shown.');
      const { slide, model } = overlay.descriptor;
      const query = pictureQuery(overlay.getOptions(), overlay.descriptor, {
        size: Number(size.value),
        alone: alone.checked,
      });
      const address = URL.createObjectURL(await fetchPicture(slide, model, query));
      element('a', { href: address, download: `${slide} ${model}.png` }).click();
      // The download has begun by then.
      setTimeout(() => URL.revokeObjectURL(address), 1000);
      say('');
    } catch (error) {
      say(error instanceof Refusal ? error.message : 'The server does not answer.');
    }
    save.disabled = false;
  });
  return element(
    'details',
    { className: 'picture' },
    element('summary', {}, 'Picture of the slide'),
    element('label', {}, element('span', {}, 'Long side'), size),
    element('label', {}, element('span', {}, 'Heatmap alone'), alone),
    save,
    state,
  );
}

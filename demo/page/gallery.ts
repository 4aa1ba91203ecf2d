import { element } from './element.ts';
import { type Lists, type SlideEntry, thumbnailAddress, type UnreadableEntry } from './server.ts';

export interface Gallery {
  showLists(lists: Lists): void;
  /** Marks what is on the stage. */
  select(slide: string | undefined, model: string | undefined): void;
  /** A line at the bottom, or nothing. */
  showNotice(text: string): void;
}

/** The list of slides with a filter, and the choice of a model where there is one. */
export function createGallery(
  container: HTMLElement,
  chosen: { slide: (id: string) => void; model: (id: string) => void },
): Gallery {
  const filter = element('input', { type: 'search', placeholder: 'Filter slides', ariaLabel: 'Filter slides' });
  const models = element('select', { ariaLabel: 'Model' });
  const chooser = element('label', { className: 'model', hidden: true }, element('span', {}, 'Model'), models);
  const list = element('ul');
  const none = element('p', { className: 'none', hidden: true });
  const notes = element('div', { className: 'notes' });
  const notice = element('p', { className: 'notice', role: 'status', hidden: true });
  container.append(element('div', { className: 'tools' }, filter, chooser), list, none, notes, notice);

  let current: string | undefined;
  let shown = '';

  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let matches = 0;
    for (const item of list.children) {
      const text = item.textContent?.toLowerCase() ?? '';
      const match = words.every((word) => text.includes(word));
      item.toggleAttribute('hidden', !match);
      if (match) matches++;
    }
    none.hidden = matches > 0 || list.childElementCount === 0;
    none.textContent = `No slide matches “${filter.value}”.`;
  };
  const mark = () => {
    for (const button of list.querySelectorAll('button')) {
      if (button.value === current) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    }
  };

  filter.addEventListener('input', applyFilter);
  models.addEventListener('change', () => chosen.model(models.value));
  list.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button') : null;
    if (button) chosen.slide(button.value);
  });
  container.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.target === models) return;
    const buttons = [...list.querySelectorAll<HTMLButtonElement>('li:not([hidden]) button')];
    const at = buttons.findIndex((button) => button.matches(':focus'));
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus();
    event.preventDefault();
  });

  return {
    showLists(lists) {
      // What is the same stays as it is: focus, thumbnails and scroll position.
      const next = JSON.stringify(lists);
      if (next === shown) return;
      shown = next;
      list.replaceChildren(...lists.slides.map(slideItem), ...lists.unreadableSlides.map(unreadableItem));
      models.replaceChildren(...lists.models.map(({ id, title }) => element('option', { value: id }, title)));
      chooser.hidden = lists.models.length < 2;
      filter.hidden = list.childElementCount < 2;
      notes.replaceChildren(...modelNotes(lists).map((text) => element('p', {}, text)));
      applyFilter();
      mark();
    },
    select(slide, model) {
      current = slide;
      if (model !== undefined) models.value = model;
      mark();
    },
    showNotice(text) {
      notice.textContent = text;
      notice.hidden = text === '';
    },
  };
}

function slideItem(slide: SlideEntry): HTMLLIElement {
  const picture = element('img', { src: thumbnailAddress(slide), alt: '', loading: 'lazy', decoding: 'async' });
  picture.addEventListener('error', () => picture.classList.add('missing'));
  const text = element('span', { className: 'text' }, element('b', { title: slide.title }, slide.title));
  text.append(...sizesOf(slide).map((size) => element('small', {}, size)));
  return element('li', {}, element('button', { type: 'button', value: slide.id }, picture, text));
}

function unreadableItem({ id, title, message }: UnreadableEntry): HTMLLIElement {
  const mark = element('span', { className: 'mark', ariaHidden: 'true' }, '!');
  const text = element(
    'span',
    { className: 'text' },
    element('b', { title }, title),
    element('small', {}, 'cannot be read'),
  );
  return element('li', { title: message }, element('button', { type: 'button', value: id }, mark, text));
}

/** Size in pixels, and in millimetres where the slide knows. */
export function sizesOf({ width, height, mpp }: SlideEntry): string[] {
  const pixels = `${width.toLocaleString('en')} × ${height.toLocaleString('en')} px`;
  if (mpp === null) return [pixels];
  const millimetres = (length: number) => ((length * mpp) / 1000).toPrecision(2);
  return [pixels, `${millimetres(width)} × ${millimetres(height)} mm`];
}

function modelNotes({ models, unreadableModels }: Lists): string[] {
  const broken = unreadableModels.map(({ title, message }) => `Model ${title} cannot be used: ${message}`);
  if (models.length === 0 && broken.length === 0)
    broken.push('There are no models: slides are shown without heatmaps.');
  return broken;
}

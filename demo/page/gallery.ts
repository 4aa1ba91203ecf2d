import { METHOD_NAMES } from '../../shared/heatmap-descriptor.ts';
import { element } from './element.ts';
import {
  type Lists,
  type ModelEntry,
  type SlideEntry,
  thumbnailAddress,
  thumbnailFault,
  type UnreadableEntry,
} from './server.ts';

const NO_MODELS = 'There are no models: slides are shown without heatmaps.';

export interface Gallery {
  showLists(lists: Lists): void;
  /** Marks what is on the stage. */
  select(slide: string | undefined, model: string | undefined, compare: string | undefined): void;
  /** A line at the bottom, or nothing. */
  showNotice(text: string): void;
}

/** The list of slides with a filter, and the choices of a model and of another beside it where there is one. */
export function createGallery(
  container: HTMLElement,
  chosen: Record<'slide' | 'model', (id: string) => void> & { compare: (id: string | undefined) => void },
): Gallery {
  const filter = element('input', {
    type: 'search',
    placeholder: 'Filter slides',
    ariaLabel: 'Filter slides',
    hidden: true,
  });
  const models = element('select', { ariaLabel: 'Model' });
  const chooser = element('label', { className: 'model', hidden: true }, element('span', {}, 'Model'), models);
  const others = element('select', { ariaLabel: 'Compare with' });
  const comparing = element('label', { className: 'model', hidden: true }, element('span', {}, 'Compare'), others);
  const list = element('ul');
  const none = element('p', { className: 'none', hidden: true });
  const summary = element('summary');
  const unreadable = element('ul', { ariaLabel: 'Files that cannot be read' });
  const broken = element('details', { className: 'broken', hidden: true }, summary, unreadable);
  const note = element('p', { className: 'none', hidden: true }, NO_MODELS);
  const notice = element('p', { className: 'notice', role: 'status', hidden: true });
  container.append(
    element('div', { className: 'tools' }, filter, chooser, comparing),
    list,
    none,
    note,
    broken,
    notice,
  );

  /** Every row, those that cannot be read last. */
  const items = () => [...list.children, ...unreadable.children];
  let current: string | undefined;
  let shown = '';

  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let matches = 0;
    for (const item of items()) {
      const text = item.textContent?.toLowerCase() ?? '';
      const match = words.every((word) => text.includes(word));
      item.toggleAttribute('hidden', !match);
      if (match) matches++;
    }
    none.hidden = matches > 0 || items().length === 0;
    none.textContent = `No slide matches “${filter.value}”.`;
  };
  const mark = () => {
    for (const button of container.querySelectorAll<HTMLButtonElement>('li button')) {
      const marked = button.getAttribute('aria-current') === 'true';
      if (button.value !== current) button.removeAttribute('aria-current');
      else if (!marked) {
        button.setAttribute('aria-current', 'true');
        if (unreadable.contains(button)) broken.open = true;
        button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      }
    }
  };

  filter.addEventListener('input', applyFilter);
  models.addEventListener('change', () => chosen.model(models.value));
  others.addEventListener('change', () => chosen.compare(others.value || undefined));
  for (const rows of [list, unreadable]) {
    rows.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest('button') : null;
      if (button) chosen.slide(button.value);
    });
  }
  container.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.target === models || event.target === others) return;
    const buttons = [...container.querySelectorAll<HTMLButtonElement>('li:not([hidden]) button')].filter((button) =>
      button.checkVisibility(),
    );
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
      list.replaceChildren(...lists.slides.map(slideItem));
      unreadable.replaceChildren(
        ...lists.unreadableSlides.map(unreadableSlide),
        ...lists.unreadableModels.map(unreadableModel),
      );
      const files = unreadable.childElementCount;
      summary.textContent = files === 1 ? '1 file cannot be read' : `${files} files cannot be read`;
      broken.hidden = files === 0;
      note.hidden = lists.models.length + lists.unreadableModels.length > 0;
      models.replaceChildren(...lists.models.map((model) => element('option', { value: model.id }, modelText(model))));
      others.replaceChildren(
        element('option', { value: '' }, 'No other model'),
        ...lists.models.map((model) => element('option', { value: model.id }, modelText(model))),
      );
      chooser.hidden = lists.models.length < 2;
      comparing.hidden = chooser.hidden;
      filter.hidden = list.childElementCount < 2;
      applyFilter();
      mark();
    },
    select(slide, model, compare) {
      current = slide;
      if (model !== undefined) models.value = model;
      others.value = compare ?? '';
      for (const option of others.options) option.disabled = option.value === model;
      // Names may be longer than there is room for.
      for (const choice of [models, others]) choice.title = choice.selectedOptions[0]?.text ?? '';
      mark();
    },
    showNotice(text) {
      notice.textContent = text;
      notice.hidden = text === '';
    },
  };
}

/** A model by its title, and by its method where that is not CAM. */
function modelText({ title, method }: ModelEntry): string {
  return method === 'cam' ? title : `${title} (${METHOD_NAMES[method]})`;
}

function slideItem(slide: SlideEntry): HTMLLIElement {
  const picture = element('img', { src: thumbnailAddress(slide), alt: '', loading: 'lazy', decoding: 'async' });
  const text = element('span', { className: 'text' }, element('b', { title: slide.title }, slide.title));
  text.append(...sizesOf(slide).map((size) => element('small', {}, size)));
  picture.addEventListener('error', async () => {
    picture.classList.add('missing');
    const fault = await thumbnailFault(slide);
    if (fault === null) return;
    // Its header could be read, its pixels cannot.
    picture.replaceWith(element('span', { className: 'no-picture', ariaHidden: 'true' }, '!'));
    for (const size of text.querySelectorAll('small')) size.remove();
    text.append(element('small', { className: 'fault' }, fault));
  });
  return element('li', {}, element('button', { type: 'button', value: slide.id }, picture, text));
}

function unreadableSlide({ id, title, message }: UnreadableEntry): HTMLLIElement {
  const row = element('button', { type: 'button', value: id }, ...unreadableText(title, message));
  return element('li', {}, row);
}

function unreadableModel({ title, message }: UnreadableEntry): HTMLLIElement {
  return element('li', {}, element('div', {}, ...unreadableText(`Model ${title}`, message)));
}

function unreadableText(title: string, message: string): HTMLElement[] {
  return [element('span', { className: 'text' }, element('b', { title }, title), element('small', {}, message))];
}

/** Size in pixels, and in millimetres where the slide knows. */
export function sizesOf({ width, height, mpp }: SlideEntry): string[] {
  const pixels = `${width.toLocaleString('en')} × ${height.toLocaleString('en')} px`;
  if (mpp === null) return [pixels];
  const millimetres = (length: number) => ((length * mpp) / 1000).toPrecision(2);
  return [pixels, `${millimetres(width)} × ${millimetres(height)} mm`];
}

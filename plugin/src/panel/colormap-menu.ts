import { COLORMAPS } from '../../../shared/colour/colormaps.ts';
import type { CamSettings } from '../options.ts';
import { say } from '../strings.ts';
import { colourTable } from '../tile-pixels.ts';
import { element, uniqueId } from './elements.ts';

/** Colours of a strip. */
const STOPS = 12;
/** Milliseconds between keys that are typed as one name. */
const TYPING = 700;

/** A list box of colour maps, each with a strip of its colours. */
export interface ColormapMenu {
  element: HTMLElement;
  show(colormap: CamSettings['colormap']): void;
}

/** @param choose told the name of a map */
export function createColormapMenu(choose: (name: string) => void): ColormapMenu {
  const labelId = uniqueId('colours');
  const listId = uniqueId('maps');
  const strip = element('span', { class: 'osd-cam-strip', 'aria-hidden': 'true' });
  const name = element('span', { class: 'osd-cam-map-name', id: uniqueId('map') });
  const button = element(
    'button',
    {
      type: 'button',
      class: 'osd-cam-map',
      role: 'combobox',
      'aria-haspopup': 'listbox',
      'aria-controls': listId,
      'aria-expanded': 'false',
      'aria-labelledby': `${labelId} ${name.id}`,
    },
    strip,
    name,
  );
  const options = COLORMAPS.map((map) => {
    const picture = element('span', { class: 'osd-cam-strip', 'aria-hidden': 'true' });
    const item = element('li', { role: 'option', id: uniqueId('option'), 'aria-selected': 'false' }, picture, map);
    return { map, item, picture };
  });
  const list = element(
    'ul',
    { role: 'listbox', id: listId, class: 'osd-cam-maps', 'aria-labelledby': labelId, hidden: '' },
    ...options.map(({ item }) => item),
  );
  const field = element(
    'div',
    { class: 'osd-cam-field osd-cam-map-field' },
    element('span', { class: 'osd-cam-label', id: labelId }, say('Colours')),
    button,
    list,
  );

  let active = 0;
  let chosen = 0;
  let typed = '';
  let typedAt = 0;

  const isOpen = () => !list.hidden;
  const point = (index: number) => {
    options[active].item.classList.remove('osd-cam-active');
    active = Math.min(options.length - 1, Math.max(0, index));
    const { item } = options[active];
    item.classList.add('osd-cam-active');
    button.setAttribute('aria-activedescendant', item.id);
    item.scrollIntoView({ block: 'nearest' });
  };
  const open = () => {
    // Their colours are worked out when somebody wants to see them.
    for (const { map, picture } of options) picture.style.backgroundImage = gradientOf(map);
    list.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    point(chosen);
  };
  const close = () => {
    typed = '';
    list.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    button.removeAttribute('aria-activedescendant');
  };
  const take = () => {
    chosen = active;
    close();
    choose(options[active].map);
  };
  const findTyped = (key: string, now: number) => {
    typed = now - typedAt > TYPING ? key : typed + key;
    typedAt = now;
    const wanted = typed.toLowerCase();
    const start = typed.length === 1 ? active + 1 : active;
    for (let i = 0; i < options.length; i++) {
      const index = (start + i) % options.length;
      if (options[index].map.toLowerCase().startsWith(wanted)) return point(index);
    }
  };

  const moves: Record<string, () => number> = {
    ArrowDown: () => active + 1,
    ArrowUp: () => active - 1,
    PageDown: () => active + 6,
    PageUp: () => active - 6,
    Home: () => 0,
    End: () => options.length - 1,
  };
  button.addEventListener('click', () => (isOpen() ? close() : open()));
  button.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { key } = event;
    if (key in moves) {
      if (isOpen()) point(moves[key]());
      else open();
    } else if (isOpen() && (key === 'Enter' || key === ' ')) take();
    else if (isOpen() && key === 'Escape') close();
    else if (key.length === 1 && key !== ' ') {
      if (!isOpen()) open();
      findTyped(key, event.timeStamp);
    } else return;
    event.preventDefault();
  });
  button.addEventListener('blur', close);
  // The focus stays on the button, whose descendant is the active one.
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  options.forEach(({ item }, index) => {
    item.addEventListener('click', () => {
      point(index);
      take();
    });
  });

  return {
    element: field,
    show: (colormap) => {
      strip.style.backgroundImage = gradientOf(colormap);
      name.textContent = typeof colormap === 'string' ? colormap : say('ColoursCustom');
      const shown = options.findIndex(({ map }) => map === colormap);
      options.forEach(({ item }, index) => {
        item.setAttribute('aria-selected', String(index === shown));
      });
      if (shown >= 0) chosen = shown;
    },
  };
}

/** A map's colours from left to right. */
function gradientOf(colormap: CamSettings['colormap']): string {
  const table = colourTable(colormap);
  const colours = Array.from({ length: STOPS + 1 }, (_, i) => {
    const entry = 3 * Math.round((255 * i) / STOPS);
    return `rgb(${table[entry]} ${table[entry + 1]} ${table[entry + 2]})`;
  });
  return `linear-gradient(90deg, ${colours.join(', ')})`;
}

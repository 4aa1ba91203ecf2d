import type { Breakdown, HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import type { CamChanges, CamSettings } from '../options.ts';
import { colourOf, isCompared, isShare, shownClasses } from '../shown.ts';
import { say } from '../strings.ts';
import { element, uniqueId } from './elements.ts';
import { interval, orderByShare, percentage, scoreText } from './format.ts';

/** More classes than this can be filtered by name. */
const FILTER_FROM = 12;
/** Milliseconds without a movement of the view after which the numbers on their way are worth an order. */
const STILL = 2000;

export interface ClassList {
  element: HTMLElement;
  showSettings(settings: CamSettings): void;
  showBreakdown(breakdown: Breakdown): void;
  /** The next shares are of something else: they get an order of their own. */
  sortAnew(): void;
  /** The view moves: the order stays until it is still. */
  moved(): void;
  destroy(): void;
}

/** A row for each class: colour, name, share with its interval; chosen as radio buttons or check boxes. */
export function createClassList(
  descriptor: HeatmapDescriptor,
  first: CamSettings,
  change: (changes: CamChanges) => void,
): ClassList {
  let settings = first;
  let order = descriptor.classes.map((_, index) => index);
  let shares: (number | null)[] = [];
  /** Whether the next shares are sorted at once, however the view moves. */
  let anew = true;
  /** Whether the order is older than the shares. */
  let due = false;
  let isSorted = false;
  let moving = 0;
  const asShare = isShare('patch', descriptor);
  const text = (share: number) => (asShare ? percentage(share) : scoreText(share, 1));
  const group = uniqueId('classes');
  const names = descriptor.classes.map((info) => info.name);

  /** Whether one class at a time is chosen. */
  const isOfOne = () => settings.mode === 'single' || isCompared(settings);
  const shown = () => (settings.classes === 'all' ? names : settings.classes);
  const choose = (name: string, checked: boolean) => {
    if (isOfOne()) return change({ classes: [name] });
    const before = shown();
    // A difference is of two: the one chosen last takes the place of the second.
    if (settings.mode === 'difference' && checked) return change({ classes: [before[0] ?? name, name] });
    const after = checked ? [...before, name] : before.filter((other) => other !== name);
    change({ classes: names.every((other) => after.includes(other)) ? 'all' : after });
  };
  /** Only this class; all again where it is the only one. */
  const solo = (name: string) => {
    const before = shown();
    change({ classes: before.length === 1 && before[0] === name ? 'all' : [name] });
  };

  const rows = names.map((name, index) => {
    const input = element('input', { type: 'radio', name: group, class: 'osd-cam-check' });
    const swatch = element('input', { type: 'color', class: 'osd-cam-swatch', 'aria-label': say('ClassColour', name) });
    const value = element('span', { class: 'osd-cam-value' });
    const spread = element('span', { class: 'osd-cam-spread' });
    const label = element(
      'label',
      {},
      input,
      element('span', { class: 'osd-cam-name', title: name }, name),
      value,
      spread,
    );
    const row = element('li', { class: 'osd-cam-class' }, element('span', { class: 'osd-cam-bar' }), label, swatch);
    input.addEventListener('change', () => choose(name, input.checked));
    // As Alt with a click.
    input.addEventListener('keydown', (event) => {
      if (!event.altKey || event.key !== 'Enter' || isOfOne()) return;
      event.preventDefault();
      solo(name);
    });
    label.addEventListener('click', (event) => {
      if (!event.altKey || isOfOne()) return;
      event.preventDefault();
      solo(name);
    });
    swatch.addEventListener('input', () => change({ classColors: { ...settings.classColors, [name]: swatch.value } }));
    return { index, row, input, swatch, value, spread };
  });

  const list = element('ul', { class: 'osd-cam-classes', 'aria-label': say('Classes') }, ...rows.map(({ row }) => row));
  const children: HTMLElement[] = [list];
  if (names.length > FILTER_FROM) {
    const filter = element('input', {
      type: 'search',
      class: 'osd-cam-filter',
      placeholder: say('FilterPlaceholder', names.length),
      'aria-label': say('FilterClasses'),
    });
    filter.addEventListener('input', () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const { index, row } of rows) row.hidden = !names[index].toLowerCase().includes(wanted);
    });
    children.unshift(filter);
  }

  const sort = () => {
    due = true;
    // Rows do not slip away under the pointer, nor from the keys.
    if (list.matches(':hover') || list.querySelector(':focus-visible')) return;
    due = false;
    // At first by all digits: of many classes all shares may read alike, and those that lead are shown.
    const next = orderByShare(order, shares, isSorted ? text : String);
    isSorted ||= shares.some((share) => share !== null);
    if (next.every((index, i) => index === order[i])) return;
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    list.append(...next.map((index) => rows[index].row));
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    order = next;
  };
  const sortIfDue = () => {
    if (due && !moving) sort();
  };
  list.addEventListener('pointerleave', sortIfDue);
  list.addEventListener('focusout', () => queueMicrotask(sortIfDue));

  const showSettings = (next: CamSettings) => {
    if (next.mode !== settings.mode && shares.length > 0) sort();
    const same =
      next.classes === settings.classes && next.mode === settings.mode && next.compareWith === settings.compareWith;
    const unchanged = same && next.classColors === settings.classColors && next !== settings;
    settings = next;
    if (unchanged) return;
    const chosen = new Set(shownClasses(settings, descriptor).map((index) => names[index]));
    // All before any is checked: a checked box that becomes a radio button unchecks those before it.
    for (const { input } of rows) input.type = isOfOne() ? 'radio' : 'checkbox';
    for (const { index, row, input, swatch } of rows) {
      input.checked = chosen.has(names[index]);
      input.disabled = settings.mode === 'entropy';
      row.classList.toggle('osd-cam-chosen', input.checked);
      const colour = colourOf(index, settings, descriptor);
      if (swatch.value !== colour) swatch.value = colour;
      row.style.setProperty('--osd-cam-class', colour);
    }
  };

  const showBreakdown = (breakdown: Breakdown) => {
    const found = names.map((name) => breakdown.breakdown.find((share) => share.class === name));
    shares = found.map((share) => share?.probability ?? null);
    for (const { index, row, value, spread } of rows) {
      const share = found[index];
      const mean = shares[index];
      value.textContent = mean === null ? '–' : text(mean);
      spread.textContent = share && asShare ? interval(share) : '';
      row.style.setProperty('--osd-cam-share', String(asShare ? (mean ?? 0) : 0));
      row.style.setProperty('--osd-cam-low', String(share?.low ?? 0));
      row.style.setProperty('--osd-cam-high', String(share?.high ?? 0));
      row.classList.toggle('osd-cam-estimated', spread.textContent !== '');
    }
    list.classList.toggle('osd-cam-exact', breakdown.exact);
    due = true;
    if (!anew && !breakdown.exact && moving) return;
    anew &&= shares.every((share) => share === null);
    sort();
  };

  showSettings(first);
  return {
    element: element('div', {}, ...children),
    showSettings,
    showBreakdown,
    sortAnew: () => {
      anew = true;
      isSorted = false;
    },
    moved: () => {
      clearTimeout(moving);
      moving = window.setTimeout(() => {
        moving = 0;
        sortIfDue();
      }, STILL);
    },
    destroy: () => clearTimeout(moving),
  };
}

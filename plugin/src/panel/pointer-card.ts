import type OpenSeadragon from 'openseadragon';
import {
  type HeatmapDescriptor,
  METHOD_NAMES,
  type Score,
  type ScoreAtPoint,
} from '../../../shared/heatmap-descriptor.ts';
import { type CamSettings, colourOf, isShare } from '../options.ts';
import type { ValuesAtPoint } from '../values.ts';
import { element } from './elements.ts';
import { percentage, scoreText } from './format.ts';

/** CSS pixels between the pointer and the card. */
const DISTANCE = 16;
/** Milliseconds that the pointer must rest before the server is asked. */
const REST = 120;
const MOST_CLASSES = 3;

/** A small card at the pointer with the leading classes there: at once from the tiles, then from the server's own numbers. */
export function createPointerCard(
  viewer: OpenSeadragon.Viewer,
  source: {
    values(point: OpenSeadragon.Point): ValuesAtPoint | undefined;
    score(x: number, y: number, signal: AbortSignal): Promise<ScoreAtPoint>;
    descriptor: HeatmapDescriptor;
    settings(): CamSettings;
    /** Where the panel is, in the window, so that the card keeps off it. */
    panel(): DOMRect;
  },
): { element: HTMLElement; destroy(): void } {
  const { descriptor } = source;
  const card = element('div', { class: 'osd-cam-card', 'aria-hidden': 'true', hidden: '' });
  viewer.container.append(card);
  let timer = 0;
  let request: AbortController | undefined;

  const nameOf = (score: Score) => (score === 'cam' ? METHOD_NAMES[descriptor.method] : score);
  const stop = () => {
    clearTimeout(timer);
    request?.abort();
  };
  const hide = () => {
    stop();
    card.hidden = true;
  };

  const list = (rows: readonly { class: string; value: number }[], asShare: boolean, note: string) => {
    const leading = [...rows].sort((a, b) => b.value - a.value);
    const settings = source.settings();
    card.replaceChildren(
      ...leading.slice(0, MOST_CLASSES).map(({ class: name, value }) => {
        const index = descriptor.classes.findIndex((info) => info.name === name);
        const row = element(
          'div',
          { class: 'osd-cam-card-row' },
          element('span', { class: 'osd-cam-dot' }),
          element('span', { class: 'osd-cam-name' }, name),
          element('span', { class: 'osd-cam-value' }, asShare ? percentage(value) : scoreText(value, 1)),
        );
        if (index >= 0) row.style.setProperty('--osd-cam-class', colourOf(index, settings, descriptor));
        row.style.setProperty('--osd-cam-share', String(Math.min(1, Math.max(0, value))));
        return row;
      }),
      element('div', { class: 'osd-cam-card-note' }, [note, ...more(leading.length)].join(' · ')),
    );
    card.hidden = false;
  };

  const ask = async (x: number, y: number) => {
    const mine = new AbortController();
    request = mine;
    // The pointer says where scores are wanted, the request for it must not be one that fails the whole overlay.
    const answer = await source.score(x, y, mine.signal).catch(() => undefined);
    if (mine.signal.aborted || !answer?.classes) return;
    const rows = answer.classes.map((entry) => ({ class: entry.class, value: entry.probability }));
    list(rows, isShare('patch', descriptor), 'of this patch');
  };

  const onMove = (event: PointerEvent) => {
    stop();
    const box = viewer.container.getBoundingClientRect();
    const left = event.clientX - box.left;
    const top = event.clientY - box.top;
    const values =
      event.pointerType === 'touch' || event.buttons !== 0 || !source.settings().visible
        ? undefined
        : source.values(viewer.viewport.windowToViewportCoordinates(windowPoint(viewer, event)));
    if (!values) return hide();
    list(
      values.classes,
      isShare(values.score, descriptor),
      values.exact ? `${nameOf(values.score)} here` : 'estimated here',
    );
    const panel = source.panel();
    const beside = event.clientY + DISTANCE + card.offsetHeight > panel.top && event.clientY < panel.bottom;
    const right = beside && event.clientX < panel.left ? panel.left - box.left : box.width;
    const onLeft = left + DISTANCE + card.offsetWidth > right;
    const above = top + DISTANCE + card.offsetHeight > box.height;
    card.style.left = `${onLeft ? left - DISTANCE - card.offsetWidth : left + DISTANCE}px`;
    card.style.top = `${above ? top - DISTANCE - card.offsetHeight : top + DISTANCE}px`;
    timer = window.setTimeout(() => ask(Math.floor(values.x), Math.floor(values.y)), REST);
  };

  viewer.canvas.addEventListener('pointermove', onMove);
  viewer.canvas.addEventListener('pointerdown', hide);
  viewer.canvas.addEventListener('pointerleave', hide);
  return {
    element: card,
    destroy: () => {
      hide();
      viewer.canvas.removeEventListener('pointermove', onMove);
      viewer.canvas.removeEventListener('pointerdown', hide);
      viewer.canvas.removeEventListener('pointerleave', hide);
      card.remove();
    },
  };
}

function more(count: number): string[] {
  return count > MOST_CLASSES ? [`+ ${count - MOST_CLASSES} more`] : [];
}

function windowPoint(viewer: OpenSeadragon.Viewer, event: PointerEvent): OpenSeadragon.Point {
  const point = viewer.viewport.getCenter().clone();
  point.x = event.clientX;
  point.y = event.clientY;
  return point;
}

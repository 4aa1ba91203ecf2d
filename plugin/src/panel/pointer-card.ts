import type OpenSeadragon from 'openseadragon';
import { patchAt, patchRectangle } from '../../../shared/geometry/patch-grid.ts';
import {
  type HeatmapDescriptor,
  METHOD_NAMES,
  type Score,
  type ScoreAtPoint,
} from '../../../shared/heatmap-descriptor.ts';
import type { CamSettings } from '../options.ts';
import { comparedNames, isCompared, isShare, otherClass, shownClasses } from '../shown.ts';
import type { SlideOutlines } from '../slide-outlines.ts';
import { slidePlace } from '../slide-place.ts';
import { say } from '../strings.ts';
import type { ValuesAtPoint } from '../values.ts';
import { type CardRow, cardRows } from './card-rows.ts';
import { element } from './elements.ts';
import { scoreText } from './format.ts';

/** CSS pixels between the pointer and the card. */
const DISTANCE = 16;
/** Milliseconds that the pointer must rest before the server is asked. */
const REST = 120;
const MOST_CLASSES = 3;
/** CSS pixels between the card and the edge of what it stands in. */
const MARGIN = 4;
/** Keeps the card at the middle of the view, for those without a pointer. */
const KEY = 'i';

interface Place {
  /** Slide pixels. */
  x: number;
  y: number;
}

/**
 * A small card at the pointer with the leading classes there, at once from the tiles and then from the server's own
 * numbers, and the outline of the patch that they are of. A click keeps it there, with all classes, until Escape or a
 * click on the same patch lets go; where the viewer zooms by a click, that is left to it and Alt is held for keeping.
 */
export function createPointerCard(
  viewer: OpenSeadragon.Viewer,
  source: {
    item(): OpenSeadragon.TiledImage | undefined;
    values(x: number, y: number): ValuesAtPoint | undefined;
    score(x: number, y: number, signal: AbortSignal): Promise<ScoreAtPoint>;
    descriptor: HeatmapDescriptor;
    settings(): CamSettings;
    /** What is compared with. */
    compared(): HeatmapDescriptor | undefined;
    outlines: SlideOutlines;
    /** Where the panel is, in the window, so that the card keeps off it. */
    panel(): DOMRect;
  },
): { element: HTMLElement; destroy(): void } {
  const { descriptor, outlines } = source;
  const card = element('div', { class: 'osd-cam-card', 'aria-hidden': 'true', hidden: '' });
  viewer.container.append(card);
  let timer = 0;
  let request: AbortController | undefined;
  /** Where the card is kept. */
  let kept: Place | undefined;

  const nameOf = (score: Score) => (score === 'cam' ? METHOD_NAMES[descriptor.method] : score);
  const patchOf = ({ x, y }: Place) => (descriptor.levelMode ? undefined : patchAt(descriptor.grid, x, y));
  const hide = () => {
    clearTimeout(timer);
    request?.abort();
    kept = undefined;
    card.hidden = true;
    card.setAttribute('aria-hidden', 'true');
    card.removeAttribute('role');
    outlines.show('patch', null);
  };

  /** @param isSorted whether they stay as they are */
  const list = (rows: readonly CardRow[], asShare: boolean, note: string, isSorted = false) => {
    card.classList.toggle('osd-cam-pair', isSorted);
    const leading = isSorted ? [...rows] : [...rows].sort((a, b) => b.value - a.value);
    const shown = kept ? leading : leading.slice(0, MOST_CLASSES);
    const further = leading.length - shown.length;
    const notes = [note, ...(further > 0 ? [say('FurtherClasses', further)] : []), ...(kept ? [say('LetGo')] : [])];
    card.replaceChildren(
      cardRows(shown, asShare, source.settings(), descriptor),
      element('div', { class: 'osd-cam-card-note' }, notes.join(' · ')),
    );
    card.hidden = false;
  };

  /** What is compared at a point; undefined where nothing is, or one of the two has nothing. */
  const comparedRows = ({ classes, other }: ValuesAtPoint) => {
    const [settings, compared] = [source.settings(), source.compared()];
    if (!compared || !other || !isCompared(settings)) return undefined;
    const names = comparedNames(settings, descriptor, compared);
    const shown = [
      descriptor.classes[shownClasses(settings, descriptor)[0]].name,
      compared.classes[otherClass(settings, compared)].name,
    ];
    return [classes, other.classes].map((values, i) => ({
      class: names[i],
      value: values.find((entry) => entry.class === shown[i])?.value ?? Number.NaN,
    }));
  };

  const ask = async ({ x, y }: Place) => {
    const mine = new AbortController();
    request?.abort();
    request = mine;
    // The pointer says where scores are wanted, the request for it must not be one that fails the whole overlay.
    const answer = await source.score(Math.floor(x), Math.floor(y), mine.signal).catch(() => undefined);
    if (mine.signal.aborted || !answer?.classes) return;
    const rows = answer.classes.map((entry) => ({ class: entry.class, value: entry.probability }));
    list(rows, isShare('patch', descriptor), say('OfPatch'));
  };

  /** Sets the card beside a point of the screen, in CSS pixels of the viewer. */
  const move = (left: number, top: number) => {
    const box = viewer.container.getBoundingClientRect();
    const panel = source.panel();
    const [panelLeft, panelTop] = [panel.left - box.left, panel.top - box.top];
    const beside = top + DISTANCE + card.offsetHeight > panelTop && top < panelTop + panel.height;
    const right = beside && left < panelLeft ? panelLeft : box.width;
    // A panel below is a sheet.
    const bottom = left > panelLeft && top < panelTop ? panelTop : box.height;
    const { offsetWidth: width, offsetHeight: height } = card;
    const onLeft = left + DISTANCE + width > right;
    const above = top + DISTANCE + height > bottom;
    const within = (place: number, size: number, end: number) => Math.max(MARGIN, Math.min(place, end - size - MARGIN));
    card.style.left = `${within(onLeft ? left - DISTANCE - width : left + DISTANCE, width, right)}px`;
    card.style.top = `${within(above ? top - DISTANCE - height : top + DISTANCE, height, bottom)}px`;
  };

  /** Shows the card for a point of the screen. @returns whether there is anything to show */
  const showAt = (left: number, top: number, keep = false): boolean => {
    const item = source.item();
    const [x, y] = item ? slidePlace(viewer, item).toSlide(left, top) : [Number.NaN, Number.NaN];
    const values = source.settings().visible ? source.values(x, y) : undefined;
    if (!values) return false;
    const patch = patchOf({ x, y });
    if (keep) {
      kept = { x, y };
      card.removeAttribute('aria-hidden');
      card.setAttribute('role', 'status');
    }
    const both = comparedRows(values);
    const isExact = values.exact && (!both || values.other?.exact);
    const note = isExact ? say('ScoreHere', nameOf(values.score)) : say('EstimatedHere');
    const asShare = isShare(values.score, descriptor);
    if (both) list(both, asShare, `${say('Difference')} ${signed(both[0].value - both[1].value)} · ${note}`, true);
    else list(values.classes, asShare, note);
    move(left, top);
    outlines.show('patch', patch ? rectanglePath(patchRectangle(descriptor.grid, patch)) : null);
    clearTimeout(timer);
    // Of two models it shows what is painted: their patches need not be the same.
    if (!both) timer = window.setTimeout(() => ask({ x, y }), keep ? 0 : REST);
    return true;
  };

  const placeOf = (event: MouseEvent): readonly [left: number, top: number] => {
    const box = viewer.container.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const onMove = (event: PointerEvent) => {
    if (kept) return;
    clearTimeout(timer);
    request?.abort();
    const away = event.pointerType === 'touch' || event.buttons !== 0;
    if (away || !showAt(...placeOf(event))) hide();
  };
  const onDown = () => {
    if (!kept) hide();
  };
  const onClick = (event: OpenSeadragon.CanvasClickEvent) => {
    const { originalEvent } = event;
    if (!event.quick || !(originalEvent instanceof MouseEvent)) return;
    const type = originalEvent instanceof PointerEvent ? originalEvent.pointerType : 'mouse';
    const zooms = viewer.gestureSettingsByDeviceType(type)?.clickToZoom;
    if (zooms && !originalEvent.altKey) return;
    // Alt and a click are for the card alone; a tap may be the first half of another gesture.
    if (zooms) event.preventDefaultAction = true;
    const [left, top] = placeOf(originalEvent);
    const item = source.item();
    const [x, y] = item ? slidePlace(viewer, item).toSlide(left, top) : [0, 0];
    const before = kept && patchOf(kept);
    const now = patchOf({ x, y });
    const same = before && now && before.row === now.row && before.column === now.column;
    hide();
    if (!same) showAt(left, top, true);
  };
  const onKey = (event: OpenSeadragon.CanvasKeyEvent) => {
    const { originalEvent } = event;
    if (!(originalEvent instanceof KeyboardEvent) || originalEvent.ctrlKey || originalEvent.metaKey) return;
    if (originalEvent.key === 'Escape') hide();
    if (originalEvent.key !== KEY) return;
    const { x, y } = viewer.viewport.getContainerSize();
    hide();
    showAt(x / 2, y / 2, true);
  };
  /** A kept card stays at its patch. */
  const onView = () => {
    const item = kept && source.item();
    if (kept && item) move(...slidePlace(viewer, item).toScreen(kept.x, kept.y));
  };

  const { canvas } = viewer;
  canvas.addEventListener('pointermove', onMove);
  canvas.addEventListener('pointerdown', onDown);
  canvas.addEventListener('pointerleave', onDown);
  viewer.addHandler('canvas-click', onClick);
  viewer.addHandler('canvas-key', onKey);
  viewer.addHandler('update-viewport', onView);
  return {
    element: card,
    destroy: () => {
      hide();
      canvas.removeEventListener('pointermove', onMove);
      canvas.removeEventListener('pointerdown', onDown);
      canvas.removeEventListener('pointerleave', onDown);
      viewer.removeHandler('canvas-click', onClick);
      viewer.removeHandler('canvas-key', onKey);
      viewer.removeHandler('update-viewport', onView);
      card.remove();
    },
  };
}

function signed(difference: number): string {
  return `${difference > 0 ? '+' : ''}${scoreText(difference, 1)}`;
}

function rectanglePath({ x, y, width, height }: { x: number; y: number; width: number; height: number }): string {
  return `M${x} ${y}h${width}v${height}h${-width}Z`;
}

import type OpenSeadragon from 'openseadragon';
import { crossingEdges } from '../../../shared/geometry/ring-crossing.ts';
import { element, isForFingers } from '../panel/elements.ts';
import type { SlideOutlines } from '../slide-outlines.ts';
import { slidePlace } from '../slide-place.ts';
import { say } from '../strings.ts';
import { type Position, pathOf, polygonRegion, type RegionGeometry } from './region-geometry.ts';

export type Shape = 'rectangle' | 'polygon';

/** CSS pixels within which a click is one on the first corner, and a drag is none; a finger covers more. */
const NEAR = { mouse: 8, touch: 24 };

/**
 * Has a region drawn on the slide: a rectangle of the screen from corner to corner, or a polygon click by click, whose lines
 * do not cross. The wheel still zooms meanwhile. A line at the edge says what to do, or why a corner is not taken; a button
 * beside it has what Escape does. Gives back what ends it without a region.
 * @param done with null where it was cancelled
 */
export function drawRegion(
  viewer: OpenSeadragon.Viewer,
  item: OpenSeadragon.TiledImage,
  shape: Shape,
  outlines: SlideOutlines,
  done: (region: RegionGeometry | null) => void,
): () => void {
  const hint = shape === 'rectangle' ? 'RectangleHint' : isForFingers() ? 'PolygonTouch' : 'PolygonHint';
  const pane = document.createElement('div');
  pane.className = 'osd-cam-drawing';
  pane.tabIndex = -1;
  const cancel = element('button', { type: 'button' }, say('Cancel'));
  const guide = element('p', { role: 'status' });
  pane.append(element('div', { class: 'osd-cam-guide' }, guide, cancel));
  /** Slide pixels: what is drawn stays where it is when the view moves. */
  const corners: Position[] = [];
  let pointer: Position | undefined;

  const place = () => slidePlace(viewer, item);
  const onScreen = (event: PointerEvent): Position => {
    const box = viewer.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const toSlide = ([x, y]: Position): Position => {
    const [left, top] = place().toSlide(x, y);
    const { x: width, y: height } = item.getContentSize();
    const within = (value: number, most: number) => Math.round(Math.min(most, Math.max(0, value)));
    return [within(left, width), within(top, height)];
  };
  const distance = (slide: Position, [x, y]: Position) => {
    const [left, top] = place().toScreen(...slide);
    return Math.hypot(left - x, top - y);
  };
  /** The corners of a rectangle of the screen between two of them. */
  const rectangle = (from: Position, to: Position): Position[] => {
    const [[x0, y0], [x1, y1]] = [place().toScreen(...from), place().toScreen(...to)];
    return [[x0, y0] as const, [x1, y0] as const, [x1, y1] as const, [x0, y1] as const].map(toSlide);
  };
  const drawn = (): Position[] => {
    if (shape === 'rectangle') return corners[0] && pointer ? rectangle(corners[0], pointer) : [];
    return pointer ? [...corners, pointer] : corners;
  };
  const show = () => {
    const all = drawn();
    outlines.show('draft', all.length > 1 ? pathOf(polygonRegion(all)) : null);
  };
  /** Whether its lines do not cross; says what is to be done then. */
  const isSound = (line: readonly Position[]): boolean => {
    const crosses = crossingEdges(line) !== undefined;
    guide.className = crosses ? 'osd-cam-wrong' : '';
    guide.textContent = say(crosses ? 'Crossing' : hint);
    return !crosses;
  };
  const end = (region: RegionGeometry | null) => {
    pane.remove();
    outlines.show('draft', null);
    done(region);
  };
  const close = (all: readonly Position[]) => {
    if (new Set(all.map(String)).size >= 3 && isSound([...all, all[0]])) end(polygonRegion(all));
  };

  const handlers: Record<string, (event: PointerEvent) => void> = {
    pointerdown: (event) => {
      if (event.button !== 0) return;
      if (shape === 'rectangle') {
        pane.setPointerCapture(event.pointerId);
        corners.splice(0, 1, toSlide(onScreen(event)));
      }
    },
    pointermove: (event) => {
      pointer = toSlide(onScreen(event));
      show();
    },
    pointerup: (event) => {
      if (event.button !== 0) return;
      const at = onScreen(event);
      const near = event.pointerType === 'touch' ? NEAR.touch : NEAR.mouse;
      if (shape === 'rectangle') {
        if (corners[0] && distance(corners[0], at) >= NEAR.mouse) close(rectangle(corners[0], toSlide(at)));
        corners.length = 0;
        return;
      }
      if (corners.length > 2 && distance(corners[0], at) < near) return close(corners);
      const last = corners.at(-1);
      pointer = toSlide(at);
      // The second click of a double click is none of its own.
      if ((!last || distance(last, at) >= 2) && isSound([...corners, pointer])) corners.push(pointer);
      show();
    },
    pointercancel: () => end(null),
  };
  for (const type of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel'] as const) {
    pane.addEventListener(type, (event) => {
      // Neither drags the slide nor zooms.
      event.stopPropagation();
      // A second finger draws nothing of its own.
      if (event.isPrimary && event.target !== cancel) handlers[type](event);
    });
  }
  for (const type of ['click', 'dblclick', 'contextmenu'] as const) {
    pane.addEventListener(type, (event) => event.stopPropagation());
  }
  pane.addEventListener('dblclick', () => close(corners));
  cancel.addEventListener('click', () => end(null));
  pane.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Escape') end(null);
    else if (event.target !== pane) return;
    else if (event.key === 'Enter') close(corners);
    else if (event.key === 'Backspace') {
      corners.pop();
      isSound(corners);
      show();
    }
  });
  isSound(corners);
  viewer.canvas.append(pane);
  pane.focus({ preventScroll: true });
  return () => end(null);
}

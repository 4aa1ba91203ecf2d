import type OpenSeadragon from 'openseadragon';
import { element } from '../element.ts';

type Pair = readonly [OpenSeadragon.Viewer, OpenSeadragon.Viewer];

/** Below, a difference is float noise. */
const SAME = 1e-9;

/**
 * Keeps two viewers of the same slide at the same place: middle, pixels of the screen for one of the slide, rotation and
 * mirroring. The one that was moved last leads, and the other is where the leader is in every frame, so nothing that the
 * other does in consequence comes back. The one that opens the slide later goes to where the earlier one is.
 * @returns what ends it
 */
export function keepTogether(viewers: Pair): () => void {
  let leader = viewers[0];
  let isFollowing = false;
  const open = new Set(viewers.filter((viewer) => viewer.isOpen()));
  const otherThan = (viewer: OpenSeadragon.Viewer) => (viewer === viewers[0] ? viewers[1] : viewers[0]);

  const follow = () => {
    if (open.size < 2 || isFollowing) return;
    isFollowing = true;
    place(leader.viewport, otherThan(leader).viewport);
    isFollowing = false;
  };
  const ends = viewers.map((viewer) => {
    const lead = () => {
      if (!isFollowing && open.size === 2) leader = viewer;
    };
    const handlers = {
      pan: lead,
      zoom: lead,
      rotate: lead,
      flip: () => {
        lead();
        follow();
      },
      'viewport-change': follow,
      open: () => {
        open.add(viewer);
        leader = open.has(otherThan(viewer)) ? otherThan(viewer) : viewer;
        follow();
      },
      close: () => open.delete(viewer),
    };
    const names = Object.keys(handlers) as (keyof typeof handlers)[];
    for (const name of names) viewer.addHandler(name, handlers[name]);
    const endMark = markPointer(viewer, otherThan(viewer));
    return () => {
      endMark();
      for (const name of names) viewer.removeHandler(name, handlers[name]);
    };
  });
  follow();
  return () => {
    for (const end of ends) end();
  };
}

/** Puts one viewport where another is now, in the midst of its animation too. */
function place(from: OpenSeadragon.Viewport, to: OpenSeadragon.Viewport): void {
  const turn = from.getRotation(true);
  if (to.getRotation(true) !== turn || to.getRotation() !== turn) to.setRotation(turn, true);
  if (to.getFlip() !== from.getFlip()) to.setFlip(from.getFlip());
  const zoom = (from.getZoom(true) * innerWidth(from)) / innerWidth(to);
  if (![to.getZoom(true), to.getZoom()].every((own) => Math.abs(own / zoom - 1) < SAME))
    to.zoomTo(zoom, undefined, true);
  const middle = from.getCenter(true);
  const isThere = [to.getCenter(true), to.getCenter()].every(
    ({ x, y }) => Math.hypot(x - middle.x, y - middle.y) * zoom < SAME,
  );
  if (!isThere) to.panTo(middle, true);
}

/** CSS pixels across which a zoom of 1 shows one unit. */
function innerWidth(viewport: OpenSeadragon.Viewport): number {
  const { left = 0, right = 0 } = Object(viewport.getMargins());
  return viewport.getContainerSize().x - left - right;
}

/** Shows where a mouse is over one viewer in the other, which is at the same place. @returns what ends it */
function markPointer(viewer: OpenSeadragon.Viewer, other: OpenSeadragon.Viewer): () => void {
  const mark = element('div', { className: 'pointer-mark', hidden: true, ariaHidden: 'true' });
  other.canvas.append(mark);
  const move = (event: Event) => {
    if (!(event instanceof PointerEvent) || event.pointerType !== 'mouse') return;
    const box = viewer.canvas.getBoundingClientRect();
    const fromMiddle = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
    mark.style.translate = fromMiddle.map((pixels) => `${pixels}px`).join(' ');
    mark.hidden = !viewer.isOpen() || !other.isOpen();
  };
  const leave = () => {
    mark.hidden = true;
  };
  viewer.canvas.addEventListener('pointermove', move);
  viewer.canvas.addEventListener('pointerleave', leave);
  return () => {
    viewer.canvas.removeEventListener('pointermove', move);
    viewer.canvas.removeEventListener('pointerleave', leave);
    mark.remove();
  };
}

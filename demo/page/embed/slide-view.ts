import type OpenSeadragon from 'openseadragon';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';

/** What is seen of a slide. */
export interface SlideView {
  /** Upright, in slide pixels: `[x, y, width, height]`. */
  region: [x: number, y: number, width: number, height: number];
  /** Degrees, clockwise. */
  rotation: number;
  flipped: boolean;
}

/** Milliseconds between two tellings of a view that moves. */
const PAUSE = 200;

/** What is seen of the slide; undefined while there is none. @param isGoal whether that is where an animation ends */
export function seenView({ world, viewport }: OpenSeadragon.Viewer, isGoal = false): SlideView | undefined {
  if (world.getItemCount() === 0) return undefined;
  const seen = world.getItemAt(0).viewportToImageRectangle(viewport.getBoundsNoRotate(!isGoal), !isGoal);
  const round = (value: number) => Math.round(100 * value) / 100;
  return {
    region: [round(seen.x), round(seen.y), round(seen.width), round(seen.height)],
    rotation: round(viewport.getRotation(!isGoal)),
    flipped: viewport.getFlip(),
  };
}

/** Shows a region, as large as it fits. @throws Error where no slide is shown, or the region lies off it */
export function goTo({ world, viewport }: OpenSeadragon.Viewer, region: Rectangle, immediately: boolean): void {
  if (world.getItemCount() === 0) throw new Error('go-to: expected a slide that is shown, found none');
  const item = world.getItemAt(0);
  const { x: width, y: height } = item.getContentSize();
  const isOff =
    region.x >= width || region.y >= height || region.x + region.width <= 0 || region.y + region.height <= 0;
  if (isOff) {
    const found = [region.x, region.y, region.width, region.height].join(', ');
    throw new Error(`region: expected one that touches the slide of ${width} x ${height} pixels, found ${found}`);
  }
  viewport.fitBounds(item.imageToViewportRectangle(region.x, region.y, region.width, region.height), immediately);
}

/** Tells the view while it changes, some times a second, and when it has come to rest. */
export function onView(viewer: OpenSeadragon.Viewer, tell: (view: SlideView) => void): void {
  let timer = 0;
  let told = '';
  const now = () => {
    timer = 0;
    const view = seenView(viewer);
    const text = JSON.stringify(view);
    if (!view || text === told) return;
    told = text;
    tell(view);
  };
  viewer.addHandler('viewport-change', () => {
    if (timer === 0) timer = window.setTimeout(now, PAUSE);
  });
}

import type OpenSeadragon from 'openseadragon';
import { loadOnDemand } from '../on-demand/load.ts';
import type { SlideOutlines } from '../slide-outlines.ts';
import { slidePlace } from '../slide-place.ts';
import type { Shape } from './draw-region.ts';
import type { Position, RegionGeometry } from './region-geometry.ts';
import { pathOf, polygonRegion } from './region-geometry.ts';

/** The region on the slide, and the drawing of another one. */
export interface RegionTool {
  show(region: RegionGeometry | null): void;
  /** Begins to have one drawn, or ends that where it is under way. */
  draw(shape: Shape): void;
  /** What is on screen, as it is turned; null where the slide is not. */
  view(): RegionGeometry | null;
  destroy(): void;
}

export function regionTool(
  viewer: OpenSeadragon.Viewer,
  outlines: SlideOutlines,
  host: {
    item(): OpenSeadragon.TiledImage | undefined;
    drawing(shape: Shape | null): void;
    drawn(region: RegionGeometry): void;
    failed(error: unknown): void;
  },
): RegionTool {
  let cancel: (() => void) | undefined;
  let current: Shape | null = null;
  return {
    show: (region) => outlines.show('region', region && pathOf(region)),
    draw: (shape) => {
      const before = current;
      cancel?.();
      const item = host.item();
      if (before === shape || !item) return;
      current = shape;
      host.drawing(shape);
      const end = (region: RegionGeometry | null) => {
        cancel = undefined;
        current = null;
        host.drawing(null);
        if (region) host.drawn(region);
      };
      const giveUp = () => end(null);
      cancel = giveUp;
      loadOnDemand().then(
        ({ drawRegion }) => {
          if (cancel === giveUp) cancel = drawRegion(viewer, item, shape, outlines, end);
        },
        (error: unknown) => {
          if (cancel !== giveUp) return;
          giveUp();
          host.failed(error);
        },
      );
    },
    view: () => {
      const item = host.item();
      if (!item) return null;
      const { toSlide } = slidePlace(viewer, item);
      const { x: right, y: bottom } = viewer.viewport.getContainerSize();
      const size = item.getContentSize();
      const corners = (
        [
          [0, 0],
          [right, 0],
          [right, bottom],
          [0, bottom],
        ] as const
      ).map(([x, y]): Position => {
        const [left, top] = toSlide(x, y);
        const within = (value: number, most: number) => Math.round(Math.min(most, Math.max(0, value)));
        return [within(left, size.x), within(top, size.y)];
      });
      const [xs, ys] = [0, 1].map((axis) => new Set(corners.map((corner) => corner[axis])));
      return xs.size > 1 && ys.size > 1 ? polygonRegion(corners) : null;
    },
    destroy: () => cancel?.(),
  };
}

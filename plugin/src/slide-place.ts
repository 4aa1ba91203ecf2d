import type OpenSeadragon from 'openseadragon';

/** Where the slide is on screen: CSS pixels from the top-left corner of the viewer's canvas. */
export interface SlidePlace {
  /** As of CSS and SVG: x = a X + c Y + e, y = b X + d Y + f, of slide pixels X, Y. */
  matrix: readonly [a: number, b: number, c: number, d: number, e: number, f: number];
  /** CSS pixels along a side of a slide pixel. */
  scale: number;
  toScreen(x: number, y: number): [x: number, y: number];
  toSlide(x: number, y: number): [x: number, y: number];
}

/**
 * The place of an image as it is drawn now. OpenSeadragon's own conversions know rotations, but neither a flipped view
 * (the drawers mirror its picture) nor a flipped image (its tiles are mirrored in their place).
 */
export function slidePlace({ viewport }: OpenSeadragon.Viewer, item: OpenSeadragon.TiledImage): SlidePlace {
  const mirror = viewport.getContainerSize().x;
  const contentWidth = item.getContentSize().x;
  const at = (x: number, y: number): [number, number] => {
    const point = item.imageToViewportCoordinates(item.getFlip() ? contentWidth - x : x, y, true);
    const pixel = viewport.pixelFromPoint(point, true);
    return [viewport.getFlip() ? mirror - pixel.x : pixel.x, pixel.y];
  };
  const [e, f] = at(0, 0);
  // Far from the corner, for the sake of digits.
  const [right, down] = [at(contentWidth, 0), at(0, contentWidth)];
  const [a, b] = [(right[0] - e) / contentWidth, (right[1] - f) / contentWidth];
  const [c, d] = [(down[0] - e) / contentWidth, (down[1] - f) / contentWidth];
  const determinant = a * d - b * c;
  return {
    matrix: [a, b, c, d, e, f],
    scale: Math.hypot(a, b),
    toScreen: (x, y) => [a * x + c * y + e, b * x + d * y + f],
    toSlide: (x, y) => [(d * (x - e) - c * (y - f)) / determinant, (a * (y - f) - b * (x - e)) / determinant],
  };
}

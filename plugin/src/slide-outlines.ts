import type OpenSeadragon from 'openseadragon';
import { slidePlace } from './slide-place.ts';

/** Lines on the slide: they move, turn and grow with it, and stay as thin as they are. */
export interface SlideOutlines {
  /** @param path of SVG, in slide pixels; null takes the line away */
  show(name: string, path: string | null): void;
  destroy(): void;
}

const SVG = 'http://www.w3.org/2000/svg';

export function slideOutlines(
  viewer: OpenSeadragon.Viewer,
  item: () => OpenSeadragon.TiledImage | undefined,
): SlideOutlines {
  const svg = document.createElementNS(SVG, 'svg');
  const slide = document.createElementNS(SVG, 'g');
  svg.setAttribute('class', 'osd-cam-outlines');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(slide);
  const lines = new Map<string, SVGElement>();

  const place = () => {
    const under = lines.size > 0 ? item() : undefined;
    svg.style.display = under ? '' : 'none';
    if (under) slide.setAttribute('transform', `matrix(${slidePlace(viewer, under).matrix.join(' ')})`);
  };
  viewer.canvas.append(svg);
  viewer.addHandler('update-viewport', place);
  place();
  return {
    show: (name, path) => {
      if (path === null) {
        lines.get(name)?.remove();
        lines.delete(name);
      } else {
        let line = lines.get(name);
        if (!line) {
          line = document.createElementNS(SVG, 'g');
          line.setAttribute('class', `osd-cam-outline-${name}`);
          // A dark line on a light one stands out from any slide.
          line.append(document.createElementNS(SVG, 'path'), document.createElementNS(SVG, 'path'));
          slide.append(line);
          lines.set(name, line);
        }
        for (const stroke of line.children) stroke.setAttribute('d', path);
      }
      place();
    },
    destroy: () => {
      viewer.removeHandler('update-viewport', place);
      svg.remove();
    },
  };
}

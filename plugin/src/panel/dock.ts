import type OpenSeadragon from 'openseadragon';
import type { CamOptions } from '../options.ts';

/** Where and how a panel stands. */
export type Appearance = Pick<CamOptions, 'controlAnchor' | 'controlElement' | 'theme'>;

/** Viewers narrower than this, in CSS pixels, get the panel as a sheet of their width. */
const NARROW = 560;

/**
 * Puts a panel into its corner of the viewer: the top right one, the bottom left one while the viewer is narrow, or the
 * one that was asked for. Gives back what takes it away.
 * @param fit told the viewer's size in CSS pixels, now and whenever it changes
 */
export function dock(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  panel: HTMLElement,
  { controlAnchor, controlElement, theme }: Appearance,
  fit: (width: number, height: number) => void,
): () => void {
  if (theme) panel.style.colorScheme = theme;
  if (controlElement) return stand(panel, controlElement, fit);
  const { container } = viewer;
  const { TOP_RIGHT, BOTTOM_LEFT } = osd.ControlAnchor;
  let corner: OpenSeadragon.ControlAnchor | undefined;
  // Typed as a control, but it is found by its element.
  const remove = () => viewer.removeControl(panel as unknown as OpenSeadragon.Control);

  const place = () => {
    const { clientWidth, clientHeight } = container;
    // Hidden: it keeps the place that it had.
    if (corner !== undefined && clientWidth === 0) return;
    const wanted = controlAnchor ?? (clientWidth < NARROW ? BOTTOM_LEFT : TOP_RIGHT);
    if (wanted !== corner) {
      if (corner !== undefined) remove();
      corner = wanted;
      viewer.addControl(panel, { anchor: wanted, autoFade: false });
      // Panels of several overlays lie below each other.
      if (panel.parentElement) panel.parentElement.style.display = 'block';
      // The viewer makes what it docks an inline block, in which nothing would scroll.
      panel.style.display = '';
    }
    fit(clientWidth, clientHeight);
  };
  place();
  const sizes = new ResizeObserver(place);
  sizes.observe(container);
  return () => {
    sizes.disconnect();
    remove();
  };
}

/** Puts a panel into an element of the page, whose height is the page's concern. */
function stand(panel: HTMLElement, host: HTMLElement, fit: (width: number, height: number) => void): () => void {
  panel.classList.add('osd-cam-embedded');
  host.append(panel);
  fit(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  return () => panel.remove();
}

/** Gives a panel the size of its viewer, which its style sheet asks for. @returns whether the viewer is narrow */
export function fitPanel(panel: HTMLElement, width: number, height: number): boolean {
  const narrow = width < NARROW;
  panel.classList.toggle('osd-cam-narrow', narrow);
  if (Number.isFinite(width)) {
    panel.style.setProperty('--osd-cam-viewer-width', `${width}px`);
    panel.style.setProperty('--osd-cam-viewer-height', `${height}px`);
  }
  return narrow;
}

import './viewer-buttons.css';
import type OpenSeadragon from 'openseadragon';
import { element } from './element.ts';

/** By how much a click enlarges. */
const ZOOM = 2;

/** Puts buttons over a viewer for what OpenSeadragon's own do, which no keyboard reaches and which have colours of their own. */
export function addViewerButtons(viewer: OpenSeadragon.Viewer, osd: typeof OpenSeadragon): void {
  const button = (name: string, icon: string, act: () => void) =>
    element('button', { type: 'button', className: icon, ariaLabel: name, title: name, onclick: act });
  const zoom = (factor: number) => {
    viewer.viewport?.zoomBy(factor);
    viewer.viewport?.applyConstraints();
  };
  const buttons = element(
    'div',
    { className: 'viewer-buttons', role: 'group', ariaLabel: 'View' },
    button('Zoom in', 'zoom-in', () => zoom(ZOOM)),
    button('Zoom out', 'zoom-out', () => zoom(1 / ZOOM)),
    button('Whole slide', 'home', () => viewer.viewport?.goHome()),
  );
  // A frame may not be let.
  if (document.fullscreenEnabled) {
    const full = button('Full screen', 'full-screen', () => viewer.setFullScreen(!viewer.isFullPage()));
    full.ariaPressed = 'false';
    viewer.addHandler('full-screen', ({ fullScreen }) => {
      full.ariaPressed = String(fullScreen);
    });
    buttons.append(full);
  }
  // The viewer writes on what it docks how it is displayed.
  viewer.addControl(element('div', {}, buttons), { anchor: osd.ControlAnchor.TOP_LEFT, autoFade: false });
}

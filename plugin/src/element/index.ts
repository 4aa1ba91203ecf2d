import { type CamViewer, camViewerClass } from './cam-viewer.ts';

export type { CamViewer } from './cam-viewer.ts';

declare global {
  interface HTMLElementTagNameMap {
    'cam-viewer': CamViewer;
  }
}

/**
 * Makes `<cam-viewer>` known to the browser. Done by itself when this module is imported; does nothing where there are
 * no custom elements, or the name is taken.
 */
export function registerCamViewer(name = 'cam-viewer'): void {
  if (!('customElements' in globalThis) || customElements.get(name)) return;
  customElements.define(name, camViewerClass());
}

registerCamViewer();

import type OpenSeadragon from 'openseadragon';

let library: typeof OpenSeadragon | undefined;
const waiting = new Set<() => void>();

/** Tells the overlays which OpenSeadragon to use; done by `registerCam`. */
export function useLibrary(osd: typeof OpenSeadragon): void {
  library = osd;
  for (const tell of [...waiting]) tell();
}

/** The OpenSeadragon that was registered, else the page's own; undefined where there is none. */
export function knownLibrary(): typeof OpenSeadragon | undefined {
  return library ?? ('OpenSeadragon' in globalThis ? globalThis.OpenSeadragon : undefined);
}

/** Calls back when an OpenSeadragon is registered. Gives back what ends it. */
export function onLibrary(tell: () => void): () => void {
  waiting.add(tell);
  return () => waiting.delete(tell);
}

import type OpenSeadragon from 'openseadragon';

const uses = new WeakMap<OpenSeadragon.DrawerBase, number>();

/**
 * The webgl drawer takes a canvas's straight alpha for premultiplied, which makes half-transparent colours too light;
 * this sets it right for as long as an overlay lives. Gives back what ends it.
 */
export function premultipliedAlpha(drawer: OpenSeadragon.DrawerBase): () => void {
  const before = 'unpackWithPremultipliedAlpha' in drawer.options && drawer.options.unpackWithPremultipliedAlpha;
  if (before) return () => {};
  uses.set(drawer, (uses.get(drawer) ?? 0) + 1);
  set(drawer, true);
  return () => {
    const left = (uses.get(drawer) ?? 1) - 1;
    uses.set(drawer, left);
    if (left === 0) set(drawer, false);
  };
}

function set(drawer: OpenSeadragon.DrawerBase, enabled: boolean): void {
  if ('setUnpackWithPremultipliedAlpha' in drawer && typeof drawer.setUnpackWithPremultipliedAlpha === 'function') {
    drawer.setUnpackWithPremultipliedAlpha(enabled);
  }
}

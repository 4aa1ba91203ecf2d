// What scripts/screenshots.mjs runs in the page, each by itself: they know nothing of this file there.

/** Keeps hold of the viewers and their overlays when they are made. */
export function keepViewers() {
  window.demoCams = [];
  document.addEventListener('DOMContentLoaded', () => {
    const { prototype } = window.OpenSeadragon.Viewer;
    const { cam } = prototype;
    prototype.cam = function keep(settings) {
      const overlay = cam.call(this, settings);
      overlay.ready.then(() => window.demoCams.push({ viewer: this, cam: overlay }));
      return overlay;
    };
  });
}

/** Shows a part of the slide, in slide pixels. */
export function zoomTo([x, y, width]) {
  const { viewport, world } = window.demoCams[0].viewer;
  const { x: aspectWidth, y: aspectHeight } = viewport.getContainerSize();
  const region = world.getItemAt(0).imageToViewportRectangle(x, y, width, (width * aspectHeight) / aspectWidth);
  viewport.fitBounds(region, true);
}

/** Holds a file over it, as somebody does who is about to drop it. */
export function holdFile() {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(4)], 'biopsy.jpg', { type: 'image/jpeg' }));
  document
    .querySelector('#stage')
    .dispatchEvent(new DragEvent('dragenter', { bubbles: true, cancelable: true, dataTransfer }));
}

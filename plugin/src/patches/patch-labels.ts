import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import type { HeatmapClient } from '../heatmap-client.ts';
import type { CamSettings } from '../options.ts';
import { isShare } from '../shown.ts';
import { regionOnScreen } from '../shown-views.ts';
import { slidePlace } from '../slide-place.ts';
import { fetchPatchTile, type PatchTile, patchLevel, tilesUnder, valueRectangle } from './patch-tiles.ts';

/** CSS pixels that a patch must be wide on screen for its text. */
const SMALLEST_PATCH = 64;
/** CSS pixels of letters, and lines of them that a patch is divided into. */
const LETTERS = { smallest: 10, largest: 14 };
const LINES_PER_PATCH = 9;
/** Milliseconds until a tile that is not complete is asked for again. */
const PAUSE = 1500;
/** Tiles kept; each has a value for each of at most 66,000 patches. */
const MOST_TILES = 16;

interface Leading {
  patches: PatchTile;
  /** Of each patch the class that leads, and its value. */
  best: Uint16Array;
  value: Float32Array;
  isComplete: boolean;
  /** Whether more may be known by now. */
  isStale: boolean;
}

/** The predictions written on the patches in view. */
export interface PatchLabels {
  show(settings: CamSettings): void;
  /** More patches are classified. */
  news(): void;
  /** What is written now, for pictures of the view. */
  canvas: HTMLCanvasElement;
  destroy(): void;
}

/** Writes on every patch that is large enough on screen, and classified, its top class and that class's probability. */
export function patchLabels(
  viewer: OpenSeadragon.Viewer,
  client: Pick<HeatmapClient, 'tile'>,
  descriptor: HeatmapDescriptor,
  host: {
    item(): OpenSeadragon.TiledImage | undefined;
    failed(error: unknown): void;
    /** Whether they are wanted where patches are too small on screen to be written on. */
    small(isSmall: boolean): void;
  },
): PatchLabels {
  const canvas = document.createElement('canvas');
  canvas.className = 'osd-cam-labels';
  canvas.setAttribute('aria-hidden', 'true');
  const level = patchLevel(descriptor);
  const classes = descriptor.classes.map((_, index) => index);
  const asShare = isShare('patch', descriptor);
  const tiles = new Map<string, Leading>();
  let life = new AbortController();
  let isOn = false;
  let isAsking = false;
  let timer = 0;

  const leadingOf = (patches: PatchTile): Leading => {
    const size = patches.known.length;
    const best = new Uint16Array(size);
    const value = new Float32Array(size).fill(Number.NEGATIVE_INFINITY);
    for (const [index, values] of patches.classes) {
      for (let i = 0; i < size; i++) {
        if (values[i] <= value[i]) continue;
        best[i] = index;
        value[i] = values[i];
      }
    }
    return {
      patches,
      best,
      value,
      isComplete: patches.known.every((known, i) => known || !patches.there[i]),
      isStale: false,
    };
  };

  const fetchMissing = async () => {
    if (isAsking || !isOn) return;
    isAsking = true;
    clearTimeout(timer);
    timer = 0;
    const { signal } = life;
    try {
      const item = host.item();
      const region = item && regionOnScreen(viewer, item, descriptor);
      for (const address of region && isLarge(item) ? tilesUnder(descriptor, level, region) : []) {
        const key = `${address.column}_${address.row}`;
        const before = tiles.get(key);
        if (before && !before.isStale) continue;
        const found = leadingOf(await fetchPatchTile(client, descriptor, address, classes, signal));
        // Nothing known at all is no tile that is complete.
        found.isComplete &&= found.patches.there.some(Boolean);
        tiles.delete(key);
        tiles.set(key, found);
        for (const oldest of tiles.keys()) if (tiles.size > MOST_TILES) tiles.delete(oldest);
        draw();
      }
    } catch (error) {
      if (signal.aborted) return;
      askLater();
      host.failed(error);
    } finally {
      isAsking = false;
    }
  };
  const askLater = () => {
    if (isOn) timer ||= window.setTimeout(fetchMissing, PAUSE);
  };

  const isLarge = (item: OpenSeadragon.TiledImage) =>
    slidePlace(viewer, item).scale * valueRectangle(descriptor, 0, 0).width >= SMALLEST_PATCH;

  const draw = () => {
    const context = canvas.getContext('2d');
    const item = host.item();
    const { x: width, y: height } = viewer.viewport.getContainerSize();
    const ratio = window.devicePixelRatio;
    // Setting the size clears it.
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const isSmall = item !== undefined && !isLarge(item);
    host.small(isSmall);
    const region = item && isOn && !isSmall ? regionOnScreen(viewer, item, descriptor) : undefined;
    canvas.hidden = !region;
    if (!region || !context || !item) return;
    const place = slidePlace(viewer, item);
    const [a, b] = place.matrix;
    const isUpright = Math.min(Math.abs(a), Math.abs(b)) < 1e-6 * place.scale;
    context.scale(ratio, ratio);
    context.lineJoin = 'round';
    context.lineWidth = 3;
    context.strokeStyle = '#16181d';
    context.fillStyle = '#fff';
    context.textBaseline = 'middle';
    const side = place.scale * valueRectangle(descriptor, 0, 0).width;
    const size = Math.min(LETTERS.largest, Math.max(LETTERS.smallest, Math.floor(side / LINES_PER_PATCH)));
    context.font = `600 ${size}px system-ui, sans-serif`;
    for (const address of tilesUnder(descriptor, level, region)) {
      const leading = tiles.get(`${address.column}_${address.row}`);
      if (!leading) continue;
      const { window: values, known } = leading.patches;
      for (let i = 0; i < known.length; i++) {
        if (!known[i]) continue;
        const row = values.rowStart + Math.floor(i / values.columns);
        const column = values.columnStart + (i % values.columns);
        const box = valueRectangle(descriptor, row, column);
        const middle = [box.x + box.width / 2, box.y + box.height / 2] as const;
        // Tiles have a value beyond their own on each side.
        const owner = descriptor.tileSize * 2 ** (descriptor.maxLevel - level);
        if (Math.floor(middle[0] / owner) !== address.column || Math.floor(middle[1] / owner) !== address.row) continue;
        const [x, y] = place.toScreen(...middle);
        if (x < -side || y < -side || x > width + side || y > height + side) continue;
        const value = asShare ? `${Math.round(100 * leading.value[i])} %` : leading.value[i].toFixed(2);
        const text = fitted(
          context,
          descriptor.classes[leading.best[i]].name,
          value,
          side * (isUpright ? 1 : 0.7) - 10,
        );
        const across = context.measureText(text).width;
        const [left, top] = isUpright ? [x - side / 2 + 5, y - side / 2 + 5 + size / 2] : [x - across / 2, y];
        context.strokeText(text, left, top);
        context.fillText(text, left, top);
      }
    }
  };
  const onView = () => {
    draw();
    void fetchMissing();
  };
  const setOn = (on: boolean) => {
    if (on === isOn) return;
    isOn = on;
    if (on) {
      life = new AbortController();
      viewer.canvas.append(canvas);
      viewer.addHandler('update-viewport', onView);
      onView();
      return;
    }
    life.abort();
    clearTimeout(timer);
    timer = 0;
    viewer.removeHandler('update-viewport', onView);
    tiles.clear();
    canvas.remove();
    host.small(false);
  };
  return {
    canvas,
    news: () => {
      for (const tile of tiles.values()) tile.isStale ||= !tile.isComplete;
      askLater();
    },
    show: ({ predictions, visible }) => setOn(predictions && visible),
    destroy: () => setOn(false),
  };
}

/** A name and its value in so many pixels: the name is cut where it is too long. */
function fitted(context: CanvasRenderingContext2D, name: string, value: string, room: number): string {
  const letters = [...name];
  const widthOf = (text: string) => context.measureText(text).width;
  if (widthOf(`${name} ${value}`) <= room) return `${name} ${value}`;
  while (letters.length > 1 && widthOf(`${letters.join('')}… ${value}`) > room) letters.pop();
  return `${letters.join('')}… ${value}`;
}

import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { CamChanges, CamSettings } from './options.ts';
import { isCompared, modesOf } from './shown.ts';

/** By how much a key changes the opacity. */
const OPACITY_STEP = 0.1;

/** What a key wants that is no change of settings. */
export type ShortcutAction = 'threshold' | 'help';

/** What a key means on the viewer; undefined for one that means nothing here. None is one of OpenSeadragon's own. */
export function shortcutOf(
  key: string,
  settings: CamSettings,
  descriptor: HeatmapDescriptor,
): CamChanges | ShortcutAction | undefined {
  if (key === '?') return 'help';
  const lower = key.toLowerCase();
  if (lower === 't') return 'threshold';
  if (lower === 'h') return { visible: !settings.visible };
  if (key === '[' || key === ']') {
    const opacity = settings.opacity + (key === ']' ? OPACITY_STEP : -OPACITY_STEP);
    return { opacity: Math.round(100 * Math.min(1, Math.max(0, opacity))) / 100 };
  }
  if (lower === 'm') {
    const modes = modesOf(descriptor, settings.compareWith !== null);
    return { mode: modes[(modes.indexOf(settings.mode) + 1) % modes.length] };
  }
  if (/^[1-9]$/.test(key)) return classChange(descriptor.classes[Number(key) - 1]?.name, settings, descriptor);
  return undefined;
}

/** One class is shown, or of several switched on and off. */
function classChange(
  name: string | undefined,
  settings: CamSettings,
  descriptor: HeatmapDescriptor,
): CamChanges | undefined {
  if (name === undefined) return undefined;
  if (isCompared(settings)) return { classes: [name] };
  if (settings.mode !== 'blend' && settings.mode !== 'argmax') return { mode: 'single', classes: [name] };
  const all = descriptor.classes.map((info) => info.name);
  const shown = settings.classes === 'all' ? all : settings.classes;
  const next = shown.includes(name) ? shown.filter((other) => other !== name) : [...shown, name];
  return { classes: all.every((other) => next.includes(other)) ? 'all' : next };
}

/** Overlays of a viewer that listen to its keys; the one whose panel was used last is meant. */
const listeners = new WeakMap<OpenSeadragon.Viewer, ((key: string) => boolean)[]>();

/**
 * Listens to the keys of a viewer.
 * @param press does what a key means; tells whether it means anything
 * @returns `use`: this overlay is the one that is meant from now on; `end`: it does not listen any more
 */
export function listenToKeys(
  viewer: OpenSeadragon.Viewer,
  press: (key: string) => boolean,
): { use(): void; end(): void } {
  const all = listeners.get(viewer) ?? [];
  listeners.set(viewer, all);
  all.push(press);
  const onKey = (event: OpenSeadragon.CanvasKeyEvent) => {
    const { originalEvent } = event;
    if (all[0] !== press || !(originalEvent instanceof KeyboardEvent)) return;
    if (originalEvent.ctrlKey || originalEvent.altKey || originalEvent.metaKey) return;
    if (press(originalEvent.key)) event.preventDefaultAction = true;
  };
  viewer.addHandler('canvas-key', onKey);
  const remove = () => {
    const position = all.indexOf(press);
    if (position >= 0) all.splice(position, 1);
  };
  return {
    use() {
      remove();
      all.unshift(press);
    },
    end() {
      remove();
      viewer.removeHandler('canvas-key', onKey);
    },
  };
}

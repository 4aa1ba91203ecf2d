import type OpenSeadragon from 'openseadragon';
import type { CamChanges, CamSettings } from './options.ts';
import { asError } from './request-error.ts';

/** Milliseconds without a change after which the address tells it: browsers take no more than some a second. */
const PAUSE = 300;

/** Names in the address that overlays of the page have. */
const taken = new Set<string>();

/** What a link shows: settings that differ from those that the overlay begins with, and the view. */
interface LinkedState {
  /** Middle and width in units of the slide's width, degrees, flipped. */
  view?: [x: number, y: number, width: number, degrees: number, flipped: 0 | 1];
  settings?: CamChanges;
}

/** The settings and the view of an overlay in the fragment of the page's address. */
export interface UrlState {
  /** Something has changed. */
  changed(): void;
  destroy(): void;
}

/**
 * Keeps settings and view under a name in the page's fragment, `#name=...`, beside what else stands there; takes them from
 * it now, and whenever somebody follows a link or goes back. Changes replace the entry of the history.
 * @throws Error where another overlay of the page has the name
 */
export function urlState(
  name: string,
  viewer: OpenSeadragon.Viewer,
  host: {
    item(): OpenSeadragon.TiledImage | undefined;
    settings(): CamSettings;
    /** Those without a choice. */
    initial: CamSettings;
    apply(settings: CamChanges): Promise<void>;
    failed(error: unknown): void;
  },
): UrlState {
  if (!/^[\w-]+$/.test(name)) throw new Error(`urlState: expected a name of letters, digits, - and _, found ${name}`);
  if (taken.has(name)) throw new Error(`urlState: expected a name of this overlay's own, found ${name} a second time`);
  taken.add(name);
  let timer = 0;

  const parameters = () => new URLSearchParams(window.location.hash.slice(1));
  const write = () => {
    timer = 0;
    const item = host.item();
    if (!item) return;
    const { viewport } = viewer;
    const bounds = item.getBoundsNoRotate();
    const { x, y } = viewport.getCenter();
    const short = (value: number) => Number(value.toPrecision(6));
    const state: LinkedState = {
      view: [
        short((x - bounds.x) / bounds.width),
        short((y - bounds.y) / bounds.width),
        short(viewport.getBoundsNoRotate().width / bounds.width),
        short(viewport.getRotation()),
        viewport.getFlip() ? 1 : 0,
      ],
    };
    const settings = Object.entries(host.settings()).filter(([key, value]) => {
      // A function cannot be told.
      if (typeof value === 'function') return false;
      return (
        JSON.stringify(value) !== JSON.stringify(Object.entries(host.initial).find(([other]) => other === key)?.[1])
      );
    });
    if (settings.length > 0) state.settings = Object.fromEntries(settings);
    const all = parameters();
    all.set(name, JSON.stringify(state));
    const hash = `#${String(all).replaceAll('%3A', ':').replaceAll('%2C', ',')}`;
    if (hash !== window.location.hash) window.history.replaceState(window.history.state, '', hash);
  };
  const changed = () => {
    clearTimeout(timer);
    timer = window.setTimeout(write, PAUSE);
  };

  const read = async () => {
    const text = parameters().get(name);
    if (text === null) return;
    try {
      const { view, settings }: LinkedState = Object(JSON.parse(text));
      await host.apply({ ...host.initial, ...settings });
      const item = host.item();
      if (!item || !Array.isArray(view) || !view.every(Number.isFinite) || !(view[2] > 0)) return;
      const { viewport } = viewer;
      const bounds = item.getBoundsNoRotate();
      const [x, y, width, degrees, flipped] = view;
      const middle = viewport.getCenter().clone();
      middle.x = bounds.x + x * bounds.width;
      middle.y = bounds.y + y * bounds.width;
      viewport.setFlip(flipped === 1);
      viewport.setRotation(degrees, true);
      viewport.zoomTo(1 / (width * bounds.width), undefined, true);
      viewport.panTo(middle, true);
    } catch (cause) {
      host.failed(new Error(`The link's part ${name} cannot be shown: ${asError(cause).message}`, { cause }));
    }
  };
  const onHash = () => void read();

  window.addEventListener('hashchange', onHash);
  viewer.addHandler('viewport-change', changed);
  void read();
  return {
    changed,
    destroy: () => {
      clearTimeout(timer);
      taken.delete(name);
      window.removeEventListener('hashchange', onHash);
      viewer.removeHandler('viewport-change', changed);
    },
  };
}

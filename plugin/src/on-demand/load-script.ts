import { knownLibrary } from '../library.ts';
import type * as entry from './script-entry.ts';

declare global {
  interface Window {
    OpenSeadragonCamOnDemand?: typeof entry;
  }
}

/** Known only while a script runs for the first time. */
const own = typeof document === 'undefined' ? null : document.currentScript;

let loading: Promise<typeof entry> | undefined;

/** In place of `load.ts` where the plugin is one script of a page: loads `on-demand.umd.js`, which lies beside it. */
export function loadOnDemand(): Promise<typeof entry> {
  loading ??= loadScript().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function loadScript(): Promise<typeof entry> {
  const script = document.createElement('script');
  script.src = new URL('on-demand.umd.js', own instanceof HTMLScriptElement ? own.src : document.baseURI).href;
  const loaded = new Promise((resolve) => {
    script.onload = resolve;
    script.onerror = resolve;
  });
  document.head.append(script);
  await loaded;
  script.remove();
  const found = window.OpenSeadragonCamOnDemand;
  if (!found) throw new Error(`expected ${script.src} beside the plugin's script, found nothing`);
  const osd = knownLibrary();
  if (osd) found.learnStrings(osd);
  return found;
}

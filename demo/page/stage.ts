import type OpenSeadragon from 'openseadragon';
import type { CamOverlay } from '../../plugin/src/index.ts';
import { element } from './element.ts';
import { checkSlide, heatmapAddress, slideAddress } from './server.ts';

export interface Stage {
  /** Shows a slide, with a model's heatmap over it where one is named. */
  show(slide: string, model: string | undefined): void;
  /** Takes the slide away and shows words instead. */
  showMessage(title: string, text: string, retry?: () => void): void;
}

/** The viewer, edge to edge, and what stands in its place while there is nothing to see. */
export function createStage(container: HTMLElement, osd: typeof OpenSeadragon): Stage {
  const screen = element('div', { className: 'viewer' });
  const message = element('div', { className: 'message', role: 'status', hidden: true });
  container.append(screen, message);

  const viewer = new osd.Viewer({
    element: screen,
    prefixUrl: 'openseadragon/images/',
    showNavigator: !window.matchMedia('(max-width: 720px)').matches,
    navigatorPosition: 'BOTTOM_LEFT',
    navigatorAutoFade: false,
    autoHideControls: false,
    maxZoomPixelRatio: 4,
    maxTilesPerFrame: 4,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  });
  let cam: CamOverlay | undefined;
  let shown: { slide: string; model: string | undefined } | undefined;
  let opening = new AbortController();

  const say = (title: string, text: string, retry?: () => void) => {
    message.replaceChildren(element('h1', {}, title), element('p', {}, text));
    if (retry) message.append(element('button', { type: 'button', onclick: retry }, 'Try again'));
    message.hidden = false;
  };
  const clear = () => {
    opening.abort();
    opening = new AbortController();
    cam?.destroy();
    cam = undefined;
    shown = undefined;
    viewer.close();
  };
  const show = async (slide: string, model: string | undefined) => {
    if (shown?.slide === slide && shown.model === model) return;
    if (shown?.slide === slide && viewer.isOpen()) {
      // Another model of the same slide: the view stays where it is.
      cam?.destroy();
      cam = undefined;
    } else {
      clear();
      const { signal } = opening;
      say('Opening the slide…', '');
      shown = { slide, model };
      try {
        // OpenSeadragon would say only that it failed; the server says why.
        await checkSlide(slide, signal);
        if (signal.aborted) return;
        await open(viewer, slideAddress(slide));
        if (signal.aborted) return;
      } catch (error) {
        if (signal.aborted) return;
        shown = undefined;
        const reason = error instanceof Error && error.message ? error.message : 'It could not be read.';
        const text = error instanceof TypeError ? 'The server does not answer.' : reason;
        say('This slide cannot be shown', text, () => void show(slide, model));
        return;
      }
      message.hidden = true;
    }
    shown = { slide, model };
    if (model !== undefined) cam = viewer.cam({ heatmap: heatmapAddress(slide, model) });
  };

  return {
    show: (slide, model) => void show(slide, model),
    showMessage(title, text, retry) {
      clear();
      say(title, text, retry);
    },
  };
}

/** Opens an image. @throws Error where OpenSeadragon cannot */
function open(viewer: OpenSeadragon.Viewer, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onOpen = () => {
      viewer.removeHandler('open-failed', onFailure);
      resolve();
    };
    const onFailure = ({ message }: { message?: string }) => {
      viewer.removeHandler('open', onOpen);
      reject(new Error(message));
    };
    viewer.addOnceHandler('open', onOpen);
    viewer.addOnceHandler('open-failed', onFailure);
    viewer.open({ tileSource: address });
  });
}

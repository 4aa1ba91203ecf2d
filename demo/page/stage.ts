import type OpenSeadragon from 'openseadragon';
import type { CamOptions, CamOverlay } from '../../plugin/src/index.ts';
import { element } from './element.ts';
import { checkSlide, heatmapAddress, slideAddress } from './server.ts';
import { addViewerButtons } from './viewer-buttons.ts';

/** A model, and of how many classes. */
export interface StageModel {
  id: string;
  classes: number;
}

/** Viewers wider than this, in CSS pixels, keep the panel off the slide at home. */
const WIDE = 900;
/** The panel's width and its distance from the slide and from the edge. */
const PANEL_ROOM = 288 + 2 * 12;

export interface Stage {
  readonly viewer: OpenSeadragon.Viewer;
  /** The heatmap that is shown, or on its way. */
  cam(): CamOverlay | undefined;
  /** Shows a slide, with a model's heatmap over it where one is named. */
  show(slide: string, model: StageModel | undefined): void;
  /** Takes the slide away and shows words instead. */
  showMessage(title: string, text: string, retry?: () => void): void;
  /** Takes the viewer away. */
  destroy(): void;
}

/** What a page may wish of a stage. */
export interface StageWishes {
  navigator?: boolean;
  /** Whether the slide at home leaves room for an open panel, where there is any. */
  panelRoom?: boolean;
  /** Of the heatmap, over what it begins with otherwise. */
  options?(): Partial<CamOptions>;
  /** What was asked for is there: the slide, and its heatmap where there is one. */
  shown?(cam: CamOverlay | undefined): void;
  /** The slide cannot be shown. */
  failed?(reason: string): void;
}

/** The viewer, edge to edge, and what stands in its place while there is nothing to see. */
export function createStage(container: HTMLElement, osd: typeof OpenSeadragon, wishes: StageWishes = {}): Stage {
  const screen = element('div', { className: 'viewer' });
  const message = element('div', { className: 'message', role: 'status', hidden: true });
  container.append(screen, message);

  const viewer = new osd.Viewer({
    element: screen,
    showNavigationControl: false,
    showNavigator: wishes.navigator ?? true,
    navigatorPosition: 'BOTTOM_LEFT',
    navigatorSizeRatio: 0.15,
    navigatorMaintainSizeRatio: true,
    navigatorOpacity: 1,
    navigatorBackground: 'var(--stage)',
    navigatorBorderColor: 'var(--line)',
    navigatorDisplayRegionColor: 'var(--accent)',
    navigatorAutoFade: false,
    autoHideControls: false,
    maxZoomPixelRatio: 4,
    maxTilesPerFrame: 4,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  });
  addViewerButtons(viewer, osd);
  const stopLeavingRoom = (wishes.panelRoom ?? true) ? leaveRoom(viewer) : undefined;
  let cam: CamOverlay | undefined;
  let shown: { slide: string; model: string | undefined } | undefined;
  /** Whether the heatmap is missing for want of an answer, and to be asked for again. */
  let unanswered = false;
  let opening = new AbortController();

  const say = (title: string, text: string, retry?: () => void) => {
    message.replaceChildren(element('h1', {}, title), element('p', {}, text));
    if (retry) message.append(element('button', { type: 'button', onclick: retry }, 'Try again'));
    message.hidden = false;
    // Nothing that it hides can be reached.
    screen.inert = true;
  };
  const clear = () => {
    opening.abort();
    opening = new AbortController();
    cam?.destroy();
    cam = undefined;
    shown = undefined;
    viewer.close();
  };
  const lay = (slide: string, { id, classes }: StageModel) => {
    const made = viewer.cam({
      heatmap: heatmapAddress(slide, id),
      mode: classes > 1 ? 'argmax' : 'single',
      opacity: 0.55,
      ...wishes.options?.(),
    });
    cam = made;
    made.ready.then(
      () => cam === made && wishes.shown?.(made),
      ({ cause }: Error) => {
        if (cam === made && cause !== undefined) unanswered = true;
      },
    );
  };
  const show = async (slide: string, model: StageModel | undefined) => {
    if (shown?.slide === slide && shown.model === model?.id && !unanswered) return;
    viewer.canvas.setAttribute('role', 'application');
    viewer.canvas.setAttribute('aria-label', model === undefined ? slide : `${slide}, ${model.id}`);
    unanswered = false;
    if (shown?.slide === slide && viewer.isOpen()) {
      // Another model of the same slide: the view stays where it is.
      cam?.destroy();
      cam = undefined;
    } else {
      clear();
      const { signal } = opening;
      say('Opening the slide…', '');
      shown = { slide, model: model?.id };
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
        wishes.failed?.(text);
        return;
      }
      message.hidden = true;
      screen.inert = false;
    }
    shown = { slide, model: model?.id };
    if (model !== undefined) lay(slide, model);
    else wishes.shown?.(undefined);
  };

  return {
    viewer,
    cam: () => cam,
    show: (slide, model) => void show(slide, model),
    showMessage(title, text, retry) {
      clear();
      say(title, text, retry);
    },
    destroy() {
      clear();
      stopLeavingRoom?.();
      viewer.destroy();
      screen.remove();
      message.remove();
    },
  };
}

/** Keeps the slide at home off the panel, as long as there is room for both. @returns what ends it */
function leaveRoom({ container, viewport, world }: OpenSeadragon.Viewer): () => void {
  let before: boolean | undefined;
  const sizes = new ResizeObserver(() => {
    const wide = container.clientWidth > WIDE;
    if (wide === before) return;
    before = wide;
    const atHome = world.getItemCount() > 0 && viewport.getZoom() / viewport.getHomeZoom() < 1.01;
    viewport.setMargins({ right: wide ? PANEL_ROOM : 0 });
    if (atHome) viewport.goHome(true);
  });
  sizes.observe(container);
  return () => sizes.disconnect();
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

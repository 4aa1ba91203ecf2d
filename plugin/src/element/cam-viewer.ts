import type OpenSeadragon from 'openseadragon';
import type { CamEvents } from '../events.ts';
import { knownLibrary, onLibrary } from '../library.ts';
import type { CamChanges, CamOptions } from '../options.ts';
import { CamOverlay } from '../overlay.ts';
import { addressesOf } from './addresses.ts';
import { OPTION_ATTRIBUTES, optionsOf, PLACES } from './attributes.ts';

/** An element that is a viewer with a slide, a heatmap over it and its panel. */
export interface CamViewer extends HTMLElement {
  /** Address of the server, `slide` and `model` of it: the attributes. */
  server: string;
  slide: string;
  model: string;
  /** Options beside those of the attributes, and above them: functions, too. */
  options: CamChanges;
  /** Sent with every request, of slides as well. */
  ajaxHeaders: Record<string, string>;
  /** For the viewer, above the element's own. */
  viewerOptions: OpenSeadragon.Options;
  /** Undefined while the element is not in a document, or names no slide. */
  readonly viewer: OpenSeadragon.Viewer | undefined;
  /** Undefined while no heatmap is named. */
  readonly cam: CamOverlay | undefined;
}

const EVENTS = Object.keys({
  'cam-ready': true,
  'cam-change': true,
  'cam-progress': true,
  'cam-breakdown': true,
  'cam-analysis': true,
  'cam-region': true,
  'cam-error': true,
} satisfies Record<keyof CamEvents, true>);

const PROPERTIES = ['server', 'slide', 'model', 'options', 'ajaxHeaders', 'viewerOptions'] as const;
/** Of these the overlay is told when it is made. */
const FIXED = ['top', 'urlState', 'showControl', 'controlCollapsed', 'theme', 'controlAnchor'];
const MISSING_LIBRARY = 'cam-viewer: expected OpenSeadragon on the page, or registerCam(OpenSeadragon), found neither';

/** Makes the element's class; a function, for there is no HTMLElement where a server renders the page. */
export function camViewerClass(): new () => CamViewer {
  return class extends HTMLElement implements CamViewer {
    static readonly observedAttributes = [...PLACES, ...OPTION_ATTRIBUTES];
    #viewer: OpenSeadragon.Viewer | undefined;
    #cam: CamOverlay | undefined;
    #options: CamChanges = {};
    #headers: Record<string, string> = {};
    #viewerOptions: OpenSeadragon.Options = {};
    /** What viewer, image and overlay were made of. */
    #made: { viewer?: string; image?: string; overlay?: string; options?: Record<string, unknown> } = {};
    #isDue = false;
    #stopWaiting: (() => void) | undefined;

    get server() {
      return this.getAttribute('server') ?? '';
    }
    set server(value) {
      this.setAttribute('server', value);
    }
    get slide() {
      return this.getAttribute('slide') ?? '';
    }
    set slide(value) {
      this.setAttribute('slide', value);
    }
    get model() {
      return this.getAttribute('model') ?? '';
    }
    set model(value) {
      this.setAttribute('model', value);
    }
    get options() {
      return this.#options;
    }
    set options(value) {
      this.#options = { ...value };
      this.#later();
    }
    get ajaxHeaders() {
      return this.#headers;
    }
    set ajaxHeaders(value) {
      this.#headers = { ...value };
      this.#later();
    }
    get viewerOptions() {
      return this.#viewerOptions;
    }
    set viewerOptions(value) {
      this.#viewerOptions = { ...value };
      // They may hold functions and elements, which cannot be compared.
      this.#made = {};
      this.#later();
    }
    get viewer() {
      return this.#viewer;
    }
    get cam() {
      return this.#cam;
    }

    connectedCallback() {
      for (const name of PROPERTIES) this.#upgrade(name);
      this.#later();
    }

    disconnectedCallback() {
      // An element that is moved leaves the document and comes back at once.
      queueMicrotask(() => !this.isConnected && this.#close());
    }

    attributeChangedCallback() {
      this.#later();
    }

    override focus(options?: FocusOptions) {
      if (this.#viewer) this.#viewer.canvas.focus(options);
      else super.focus(options);
    }

    /** Once for any number of changes at a time. */
    #later() {
      if (this.#isDue || !this.isConnected) return;
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        if (!this.isConnected) return;
        try {
          this.#update();
        } catch (error) {
          this.#tell(error);
        }
      });
    }

    #update() {
      const osd = knownLibrary();
      const { tileSource, heatmap, prefixUrl } = addressesOf(this);
      if (!tileSource) return this.#close();
      if (!osd) {
        this.#stopWaiting ??= onLibrary(() => this.#later());
        throw new Error(MISSING_LIBRARY);
      }
      const options: CamOptions = { heatmap: heatmap ?? '', ...optionsOf(this), ...this.#options };
      const withCredentials = this.hasAttribute('with-credentials');
      const drawer = this.getAttribute('drawer');
      const navigator = this.hasAttribute('navigator');

      const viewerKey = JSON.stringify([prefixUrl, withCredentials, drawer, navigator, this.#headers]);
      if (!this.#viewer || this.#made.viewer !== viewerKey) {
        this.#close();
        this.#made.viewer = viewerKey;
        this.#open(osd, {
          prefixUrl,
          showNavigator: navigator,
          ajaxWithCredentials: withCredentials,
          crossOriginPolicy: withCredentials ? 'use-credentials' : 'Anonymous',
          loadTilesWithAjax: Object.keys(this.#headers).length > 0,
          ajaxHeaders: this.#headers,
          ...(drawer === null ? {} : { drawer: drawer.split(',') as OpenSeadragon.DrawerType[] }),
          ...this.#viewerOptions,
        });
      }
      const viewer = this.#viewer;
      if (!viewer) return;
      viewer.canvas.setAttribute('role', 'application');
      viewer.canvas.setAttribute('aria-label', this.getAttribute('label') ?? (this.slide || tileSource));

      const anchor = this.getAttribute('control-anchor');
      if (anchor !== null) options.controlAnchor = anchorOf(osd, anchor);
      const fixed = FIXED.map((name) => Reflect.get(options, name));
      const overlayKey = JSON.stringify([heatmap, ...fixed]);
      const isLess = Object.keys(this.#made.options ?? {}).some((name) => !(name in options));
      const isOther = this.#made.overlay !== overlayKey || isLess;
      if (isOther) this.#removeOverlay();
      if (this.#made.image !== tileSource) {
        this.#made.image = tileSource;
        viewer.open({ tileSource });
      }
      const before = this.#made.options;
      this.#made.overlay = overlayKey;
      this.#made.options = { ...options };
      if (isOther && heatmap) {
        this.#cam = new CamOverlay(viewer, options);
        // The event tells.
        this.#cam.ready.catch(() => {});
      } else if (this.#cam && JSON.stringify(before) !== JSON.stringify(options)) {
        this.#cam.setOptions(options).catch((error: unknown) => this.#tell(error));
      }
    }

    #open(osd: typeof OpenSeadragon, options: OpenSeadragon.Options) {
      const place = document.createElement('div');
      place.style.height = '100%';
      this.replaceChildren(place);
      const viewer = new osd.Viewer({ ...options, element: place });
      this.#viewer = viewer;
      for (const name of EVENTS) {
        viewer.addHandler(name as keyof CamEvents, ({ eventSource: _, userData: __, ...detail }) => {
          this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
        });
      }
      viewer.addHandler('open-failed', ({ message }) => this.#tell(new Error(message)));
    }

    #removeOverlay() {
      this.#cam?.destroy();
      this.#cam = undefined;
      this.#made.overlay = undefined;
      this.#made.options = undefined;
    }

    #close() {
      this.#stopWaiting?.();
      this.#stopWaiting = undefined;
      this.#removeOverlay();
      this.#viewer?.destroy();
      this.#viewer = undefined;
      this.#made = {};
      this.replaceChildren();
    }

    /** Says what is wrong; in the viewer's place, where there is none. */
    #tell(thrown: unknown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (!this.#viewer) {
        const problem = document.createElement('p');
        problem.setAttribute('role', 'alert');
        problem.textContent = error.message;
        this.replaceChildren(problem);
      }
      this.dispatchEvent(new CustomEvent('cam-error', { detail: { error }, bubbles: true, composed: true }));
    }

    /** What was set before the element was defined hides the property of its class. */
    #upgrade(name: (typeof PROPERTIES)[number]) {
      if (!Object.hasOwn(this, name)) return;
      const value: unknown = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
  };
}

function anchorOf(osd: typeof OpenSeadragon, name: string): OpenSeadragon.ControlAnchor {
  const anchors = {
    'top-left': 'TOP_LEFT',
    'top-right': 'TOP_RIGHT',
    'bottom-right': 'BOTTOM_RIGHT',
    'bottom-left': 'BOTTOM_LEFT',
  } as const;
  const known = Object.entries(anchors).find(([own]) => own === name);
  if (!known) throw new Error(`control-anchor: expected one of ${Object.keys(anchors).join(', ')}, found "${name}"`);
  return osd.ControlAnchor[known[1]];
}

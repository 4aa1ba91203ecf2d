import type OpenSeadragon from 'openseadragon';
import type { ColourStop } from '../../shared/colour/stops.ts';
import type { Score } from '../../shared/heatmap-descriptor.ts';
import type { Mode } from '../../shared/painting/style.ts';
import type { RegionGeometry } from './region/region-geometry.ts';

/** A score's place in the range, 0 to 1, to red, green and blue, 0 to 255. */
export type ColourFunction = (place: number) => readonly [red: number, green: number, blue: number];

/** How values are drawn. */
export const INTERPOLATIONS = ['smooth', 'cells', 'patches'] as const;
/** Bilinear between cells; each cell as a rectangle; each patch as a rectangle, with the score `patch`. */
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** What can be changed at any time with `setOptions`. */
export interface CamSettings {
  /**
   * Names of the classes shown; `single` shows the first, `difference` the first minus the second, `entropy` tells of all, the
   * other modes show at most 32.
   */
  classes: readonly string[] | 'all';
  mode: Mode;
  /**
   * Address of another heatmap's descriptor, of the same slide: `difference` shows the class of this heatmap minus the
   * one of that name there, or, of two named classes, the first of this one minus the second of the other. Null
   * compares none.
   */
  compareWith: string | null;
  score: Score;
  /**
   * Of `single`, `entropy` and `difference`: a name, colours along the scale, or a function of the place in the range; or
   * colours by class name (short for `classColors`). `difference` takes brown to teal in place of a named map without a middle.
   */
  colormap: string | readonly ColourStop[] | ColourFunction;
  /** `#rrggbb` by class name, over those of the model. */
  classColors: Readonly<Record<string, string>>;
  /** Scores at the ends of the colour scale. */
  range: readonly [low: number, high: number];
  /** Scores below it are transparent; null shows all. */
  threshold: number | null;
  /** The place in the range is raised to this power: below 1 low scores stand out, above 1 high ones. */
  gamma: number;
  opacity: number;
  /** Whether low scores are also more transparent; classes of several always are. */
  opacityByValue: boolean;
  compositeOperation: string;
  interpolation: Interpolation;
  visible: boolean;
  showInNavigator: boolean;
  /** The region whose shares can be told, outlined on the slide; GeoJSON in slide pixels. */
  region: RegionGeometry | null;
  /** Whether its top class and that one's probability are written on each patch that is large enough on screen. */
  predictions: boolean;
}

/** What `setOptions` takes. */
export type CamChanges = Partial<Omit<CamSettings, 'colormap'>> & {
  colormap?: CamSettings['colormap'] | Readonly<Record<string, string>>;
};

export interface CamOptions extends CamChanges {
  /** Address of the heatmap's descriptor, `.../heatmaps/{slide}/{model}.json`. */
  heatmap: string;
  /** The image that the heatmap lies on; by default the world's first. */
  tiledImage?: OpenSeadragon.TiledImage;
  /** Classes that `blend` and `argmax` begin with where none are named: the most present of the slide; 8 unless given. */
  top?: number;
  showControl?: boolean;
  /** Whether the panel begins as its header alone. */
  controlCollapsed?: boolean;
  /** By default the top right corner, in a narrow viewer the bottom left. */
  controlAnchor?: OpenSeadragon.ControlAnchor;
  /** A name under which the page's address keeps the settings and the view, as `#name=...`, so that a link shows the same. */
  urlState?: string;
  /** An element of the page that the panel stands in, instead of over the viewer. */
  controlElement?: HTMLElement;
  /** Whether keys on the viewer change what is shown; `?` tells which. */
  keyboardShortcuts?: boolean;
  /** Of the panel; by default the host page's `color-scheme`. */
  theme?: 'light' | 'dark';
  /** Sent with every request, above the viewer's own. */
  ajaxHeaders?: Record<string, string>;
  ajaxWithCredentials?: boolean;
}

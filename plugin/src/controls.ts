import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import type { Scope } from './breakdowns.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';
import { type Appearance, dock } from './panel/dock.ts';
import { createPanel, type PanelParts, type PanelState } from './panel/panel.ts';
import { createPointerCard } from './panel/pointer-card.ts';
import { listenToKeys, shortcutOf } from './shortcuts.ts';
import type { SlideOutlines } from './slide-outlines.ts';
import type { ValuesAtPoint } from './values.ts';

/** The panel, and the card at the pointer. */
export interface Controls {
  show(state: PanelState): void;
  /** Whether there is anything to control: the slide may be another one for now. */
  present(isThere: boolean): void;
  /** Ends of the colour scale, in units of the score. */
  domain(): readonly [low: number, high: number];
  destroy(): void;
}

export interface ControlsHost {
  settings(): CamSettings;
  change(changes: CamChanges): void;
  reset(): void;
  /** At slide pixels. */
  values(x: number, y: number): ValuesAtPoint | undefined;
  score(x: number, y: number, signal: AbortSignal): Promise<ScoreAtPoint>;
  /** What is compared with. */
  compared(): HeatmapDescriptor | undefined;
  /** The shares of the view, or of the slide, are to be shown. */
  scope(scope: Scope): void;
  /** More of the panel. */
  parts: PanelParts;
  outlines: SlideOutlines;
  item(): OpenSeadragon.TiledImage | undefined;
  /** The view has come to rest. */
  moved(): void;
  failed(error: unknown): void;
}

export function addControls(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  descriptor: HeatmapDescriptor,
  appearance: Appearance & Pick<CamOptions, 'controlCollapsed' | 'keyboardShortcuts'>,
  host: ControlsHost,
): Controls {
  const { change, reset, scope, compared } = host;
  const panel = createPanel(descriptor, host.settings(), { change, reset, scope, compared }, host.parts);
  const card = createPointerCard(viewer, {
    item: host.item,
    outlines: host.outlines,
    values: host.values,
    score: host.score,
    settings: host.settings,
    compared,
    descriptor,
    panel: () => panel.element.getBoundingClientRect(),
  });

  // Of several panels the first one is open.
  if (appearance.controlCollapsed || viewer.container.querySelector('.osd-cam:not(.osd-cam-failure)')) panel.collapse();
  const undock = dock(osd, viewer, panel.element, appearance, panel.fit);
  if (appearance.theme) card.element.style.colorScheme = appearance.theme;
  const press = (key: string): boolean => {
    const wanted = shortcutOf(key, host.settings(), descriptor);
    if (wanted === 'help') panel.showKeys().catch(host.failed);
    else if (wanted === 'threshold') panel.focusThreshold();
    else if (wanted) change(wanted);
    return wanted !== undefined;
  };
  const keys = (appearance.keyboardShortcuts ?? true) ? listenToKeys(viewer, press) : undefined;
  const use = () => keys?.use();
  panel.element.addEventListener('focusin', use);
  panel.element.addEventListener('pointerdown', use);
  viewer.addHandler('animation-finish', host.moved);
  viewer.addHandler('viewport-change', panel.moved);

  return {
    show: panel.show,
    present: (isThere) => {
      panel.element.hidden = !isThere;
      if (!isThere) card.element.hidden = true;
    },
    domain: panel.domain,
    destroy: () => {
      keys?.end();
      viewer.removeHandler('animation-finish', host.moved);
      viewer.removeHandler('viewport-change', panel.moved);
      card.destroy();
      undock();
      panel.destroy();
    },
  };
}

import type OpenSeadragon from 'openseadragon';
import type { Breakdown, HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import { breakdownPolling } from './breakdown-polling.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';
import { createPanel, NARROW, type PanelState } from './panel/panel.ts';
import { createPointerCard } from './panel/pointer-card.ts';
import type { ValuesAtPoint } from './values.ts';

/** The panel, the card at the pointer, and the polling for the shares that the panel shows. */
export interface Controls {
  show(state: PanelState): void;
  /** Scores have become better: asks for the shares soon. */
  hurry(): void;
  /** Asks for the shares anew. */
  restart(): void;
  destroy(): void;
}

export interface ControlsHost {
  settings(): CamSettings;
  change(changes: CamChanges): void;
  reset(): void;
  values(point: OpenSeadragon.Point): ValuesAtPoint | undefined;
  score(x: number, y: number, signal: AbortSignal): Promise<ScoreAtPoint>;
  breakdown(scope: 'view' | 'slide', signal: AbortSignal): Promise<Breakdown>;
  onBreakdown(breakdown: Breakdown): void;
  onError(error: Error): void;
}

export function addControls(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  descriptor: HeatmapDescriptor,
  { controlAnchor, theme }: Pick<CamOptions, 'controlAnchor' | 'theme'>,
  host: ControlsHost,
): Controls {
  let scope: 'view' | 'slide' = 'slide';
  const panel = createPanel(descriptor, host.settings(), {
    change: host.change,
    reset: host.reset,
    scope: (chosen) => {
      scope = chosen;
      polling.restart();
    },
  });
  const polling = breakdownPolling(
    (signal) => host.breakdown(scope, signal),
    (breakdown) => {
      panel.show({ breakdown });
      host.onBreakdown(breakdown);
    },
    host.onError,
  );
  const card = createPointerCard(viewer, {
    values: host.values,
    score: host.score,
    settings: host.settings,
    descriptor,
    panel: () => panel.element.getBoundingClientRect(),
  });

  const { ControlAnchor } = osd;
  const corner = viewer.container.clientWidth < NARROW ? ControlAnchor.BOTTOM_LEFT : ControlAnchor.TOP_RIGHT;
  const others = viewer.container.querySelectorAll('.osd-cam').length;
  viewer.addControl(panel.element, { anchor: controlAnchor ?? corner, autoFade: false });
  // Panels of several overlays lie below each other, the first one open.
  if (panel.element.parentElement) panel.element.parentElement.style.display = 'block';
  if (others > 0) panel.collapse();
  if (theme) for (const part of [panel.element, card.element]) part.style.colorScheme = theme;

  const sizes = new ResizeObserver(() => panel.fit(viewer.container.clientWidth, viewer.container.clientHeight));
  sizes.observe(viewer.container);
  const onView = () => {
    if (scope === 'view') polling.restart();
  };
  viewer.addHandler('animation-finish', onView);
  viewer.addHandler('viewport-change', panel.moved);
  polling.restart();

  return {
    show: panel.show,
    hurry: polling.hurry,
    restart: polling.restart,
    destroy: () => {
      polling.destroy();
      sizes.disconnect();
      viewer.removeHandler('animation-finish', onView);
      viewer.removeHandler('viewport-change', panel.moved);
      card.destroy();
      // Typed as a control, but it is found by its element.
      viewer.removeControl(panel.element as unknown as OpenSeadragon.Control);
      panel.destroy();
    },
  };
}

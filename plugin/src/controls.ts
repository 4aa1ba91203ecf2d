import type OpenSeadragon from 'openseadragon';
import type { Breakdown, HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import { breakdownPolling } from './breakdown-polling.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';
import { dock } from './panel/dock.ts';
import { createPanel, type PanelState } from './panel/panel.ts';
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
  appearance: Pick<CamOptions, 'controlAnchor' | 'theme'>,
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

  // Of several panels the first one is open.
  if (viewer.container.querySelector('.osd-cam:not(.osd-cam-failure)')) panel.collapse();
  const undock = dock(osd, viewer, panel.element, appearance, panel.fit);
  if (appearance.theme) card.element.style.colorScheme = appearance.theme;
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
      viewer.removeHandler('animation-finish', onView);
      viewer.removeHandler('viewport-change', panel.moved);
      card.destroy();
      undock();
      panel.destroy();
    },
  };
}

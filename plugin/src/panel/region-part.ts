import type { RegionBreakdown } from '../../../shared/heatmap-descriptor.ts';
import type { Shape } from '../region/draw-region.ts';
import { say } from '../strings.ts';
import { element } from './elements.ts';

/** Classes whose area is told. */
const MOST_AREAS = 3;

export interface RegionPart {
  element: HTMLElement;
  /** @param shape what is being drawn */
  show(state: { hasRegion: boolean; shape: Shape | null }): void;
  /** The areas in which classes lead; none where they are not known. */
  showAreas(statistics: RegionBreakdown['statistics']): void;
}

/** What draws, takes and clears the region that shares are told of. */
export function createRegionPart(actions: { draw(shape: Shape): void; useView(): void; clear(): void }): RegionPart {
  const button = (text: string, action: () => void) => {
    const made = element('button', { type: 'button', class: 'osd-cam-tool' }, text);
    made.addEventListener('click', action);
    return made;
  };
  const shapes = {
    rectangle: button(say('Rectangle'), () => actions.draw('rectangle')),
    polygon: button(say('Polygon'), () => actions.draw('polygon')),
  };
  const clear = button(say('Clear'), actions.clear);
  const note = element('p', { class: 'osd-cam-note' }, say('DrawHint'));
  const areas = element('p', { class: 'osd-cam-note', hidden: '' });
  const tools = element(
    'div',
    { class: 'osd-cam-tools', role: 'group', 'aria-label': say('RegionTools') },
    shapes.rectangle,
    shapes.polygon,
    button(say('UseView'), actions.useView),
    clear,
  );
  return {
    element: element('div', { class: 'osd-cam-region', hidden: '' }, tools, note, areas),
    show: ({ hasRegion, shape }) => {
      for (const [name, made] of Object.entries(shapes)) made.setAttribute('aria-pressed', String(name === shape));
      clear.disabled = !hasRegion;
      note.hidden = hasRegion || shape !== null;
    },
    showAreas: (statistics) => {
      const leading = [...statistics].sort((a, b) => b.pixels - a.pixels).filter(({ pixels }) => pixels > 0);
      areas.hidden = leading.length === 0;
      const named = leading.slice(0, MOST_AREAS).map(({ class: name, ...area }) => `${name} ${areaText(area)}`);
      areas.textContent = say('LeadsOn', named.join(' · '));
    },
  };
}

function areaText({ pixels, squareMillimetres }: { pixels: number; squareMillimetres: number | null }): string {
  if (squareMillimetres !== null) return `${Number(squareMillimetres.toPrecision(2))} mm²`;
  return pixels >= 1e6 ? `${Number((pixels / 1e6).toPrecision(2))} Mpx` : `${Math.round(pixels)} px`;
}

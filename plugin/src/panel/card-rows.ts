import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import type { CamSettings } from '../options.ts';
import { colourOf } from '../shown.ts';
import { element } from './elements.ts';
import { percentage, scoreText } from './format.ts';

/** A class, or what else has a name, and its score. */
export interface CardRow {
  class: string;
  value: number;
}

/** The lines of the card at the pointer: colours, names, scores, and each score as a bar. @param asShare tells them in percent */
export function cardRows(
  rows: readonly CardRow[],
  asShare: boolean,
  settings: CamSettings,
  descriptor: HeatmapDescriptor,
): HTMLElement {
  return element(
    'div',
    { class: 'osd-cam-card-rows' },
    ...rows.map(({ class: name, value }) => {
      const index = descriptor.classes.findIndex((info) => info.name === name);
      const row = element(
        'div',
        { class: 'osd-cam-card-row' },
        element('span', { class: 'osd-cam-dot' }),
        element('span', { class: 'osd-cam-name' }, name),
        element('span', { class: 'osd-cam-value' }, asShare ? percentage(value) : scoreText(value, 1)),
      );
      if (index >= 0) row.style.setProperty('--osd-cam-class', colourOf(index, settings, descriptor));
      row.style.setProperty('--osd-cam-share', String(Math.min(1, Math.max(0, value))));
      return row;
    }),
  );
}

import { reasonOf } from '../request-error.ts';
import { type StringKey, say } from '../strings.ts';
import { element } from './elements.ts';

/** What can be saved, by the ending of its file. */
export type Exports = Record<'png' | 'csv' | 'geojson' | 'regions.geojson', () => Promise<Blob>>;

const NAMES: Record<keyof Exports, StringKey> = {
  png: 'ExportView',
  csv: 'ExportCsv',
  geojson: 'ExportGeoJson',
  'regions.geojson': 'ExportRegions',
};

/** A list, closed at first, of what can be saved. @param stem of the files' names */
export function createExportPart(stem: string, exports: Exports): HTMLElement {
  const problem = element('p', { class: 'osd-cam-note', role: 'alert', hidden: '' });
  const save = async (button: HTMLButtonElement, ending: keyof Exports) => {
    button.disabled = true;
    problem.hidden = true;
    try {
      const address = URL.createObjectURL(await exports[ending]());
      element('a', { href: address, download: `${stem}.${ending}` }).click();
      // The download has begun by then.
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    } catch (error) {
      problem.hidden = false;
      problem.textContent = reasonOf(error);
    }
    button.disabled = false;
  };
  const buttons = (['png', 'csv', 'geojson', 'regions.geojson'] as const).map((ending) => {
    const button = element('button', { type: 'button', class: 'osd-cam-tool' }, say(NAMES[ending]));
    button.addEventListener('click', () => save(button, ending));
    return button;
  });
  return element(
    'details',
    { class: 'osd-cam-export' },
    element('summary', {}, say('ExportMenu')),
    ...buttons,
    problem,
  );
}

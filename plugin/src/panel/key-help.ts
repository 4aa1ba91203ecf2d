import { type StringKey, say } from '../strings.ts';
import { element, uniqueId } from './elements.ts';

const KEYS: readonly (readonly [keys: string, meaning: StringKey])[] = [
  ['H', 'KeyVisible'],
  ['[  ]', 'KeyOpacity'],
  ['1 – 9', 'KeyClasses'],
  ['M', 'KeyMode'],
  ['Alt  Enter', 'KeySolo'],
  ['T', 'KeyThreshold'],
  ['i', 'KeyCard'],
  ['Escape', 'KeyEscape'],
  ['?', 'KeyHelp'],
];

/** Shows what the keys do, over the panel, until it is closed. @returns closes it */
export function showKeyHelp(panel: HTMLElement): () => void {
  const id = uniqueId('keys');
  const close = element('button', { type: 'button' }, say('KeysClose'));
  const dialog = element(
    'dialog',
    { class: 'osd-cam-keys', 'aria-labelledby': id },
    element('h3', { id }, say('Keys')),
    element(
      'dl',
      {},
      ...KEYS.flatMap(([keys, meaning]) => [
        element('dt', {}, ...keys.split(/\s{2}/).map((key) => element('kbd', {}, key))),
        element('dd', {}, say(meaning)),
      ]),
    ),
    close,
  );
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  panel.append(dialog);
  dialog.showModal();
  return () => dialog.remove();
}

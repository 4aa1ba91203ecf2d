import { element } from '../element.ts';

/**
 * Takes files that are dropped anywhere on the page, and says so while they are held over it.
 * @param hint what can be dropped
 * @returns undoes it
 */
export function createDropZone(hint: string, onDrop: (files: File[]) => void): () => void {
  // For those who drag; all others have the button.
  const zone = element(
    'div',
    { className: 'drop-zone', ariaHidden: 'true', hidden: true },
    element('div', {}, element('b', {}, 'Drop an image to analyse it'), element('span', {}, hint)),
  );
  document.body.append(zone);
  const listening = new AbortController();
  const { signal } = listening;
  /** The element that was entered last: leaving any other one is no leaving of the page. */
  let over: EventTarget | null = null;

  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false;
  const hide = () => {
    over = null;
    zone.hidden = true;
  };
  window.addEventListener(
    'dragenter',
    (event) => {
      if (!hasFiles(event) || isModal()) return;
      event.preventDefault();
      over = event.target;
      zone.hidden = false;
    },
    { signal },
  );
  window.addEventListener(
    'dragover',
    (event) => {
      if (!hasFiles(event)) return;
      // Without it the browser would open what is dropped in place of the page.
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = isModal() ? 'none' : 'copy';
    },
    { signal },
  );
  window.addEventListener('dragleave', ({ target }) => target === over && hide(), { signal });
  window.addEventListener('dragend', hide, { signal });
  window.addEventListener(
    'drop',
    (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      hide();
      if (!isModal()) onDrop(filesOf(event.dataTransfer));
    },
    { signal },
  );
  return () => {
    listening.abort();
    zone.remove();
  };
}

/** Whether a dialog has the page. */
function isModal(): boolean {
  return document.querySelector('dialog:modal') !== null;
}

/** The files, folders left out: a folder looks like a file that cannot be read. */
function filesOf(transfer: DataTransfer | null): File[] {
  return [...(transfer?.items ?? [])].flatMap((item) => {
    if (item.kind !== 'file' || item.webkitGetAsEntry()?.isDirectory) return [];
    return item.getAsFile() ?? [];
  });
}

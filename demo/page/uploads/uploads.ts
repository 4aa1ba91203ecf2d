import './uploads.css';
import { type Lists, type ModelEntry, Refusal, type UploadLimits } from '../server.ts';
import { createDropZone } from './drop-zone.ts';
import { createOwnImages } from './own-images.ts';
import { askResolution } from './resolution-dialog.ts';
import { sendImage } from './send.ts';
import { createShelf } from './shelf.ts';

/** Ends of the names of files that are offered to be chosen; what a file is, the server finds out. */
const ENDINGS = '.jpg,.jpeg,.png,.webp,.tif,.tiff,.svs,.ndpi,.scn,.bif,.svslide';

export interface UploadsOptions {
  /** Shows an image of the list. */
  open(id: string): void;
  /** Told when something about an image has changed: it is to be shown anew. */
  changed(id: string): void;
  /** Told that an image is gone. */
  removed(id: string): void;
}

/** Images that visitors add: by a button, or by dropping them on the page. */
export interface PageUploads {
  /** The lists with this tab's own images at the head. @param named the slide in the address */
  withOwn(lists: Lists, named: string | undefined, signal: AbortSignal): Promise<Lists>;
  /** What is laid over a slide: nothing while it is asked how fine the image is, as the model wants to know. */
  modelFor(slide: string | undefined, model: ModelEntry | undefined): ModelEntry | undefined;
}

/** @param container the column of slides, at whose end the button stands where the server takes images */
export function createUploads(container: HTMLElement, { open, changed, removed }: UploadsOptions): PageUploads {
  const own = createOwnImages();
  const shelf = createShelf(ENDINGS, { choose: add, cancel: () => sending?.abort(), ask, remove });
  container.append(shelf.root);
  let limits: UploadLimits | null = null;
  let sending: AbortController | undefined;
  let removeZone: (() => void) | undefined;
  let shown: { slide: string | undefined; model: ModelEntry | undefined } = { slide: undefined, model: undefined };
  /** Images and models for which the question was put off. */
  const putOff = new Set<string>();
  let asking = false;

  function apply(next: UploadLimits | null): void {
    if (JSON.stringify(next) === JSON.stringify(limits)) return;
    limits = next;
    removeZone?.();
    removeZone = next
      ? createDropZone(`JPEG, PNG, WebP, TIFF or a slide of one file, up to ${sizeText(next.bytes)}`, add)
      : undefined;
    shelf.offer(next);
  }

  async function add(files: readonly File[]): Promise<void> {
    if (!limits) return;
    const [file] = files;
    const problem = sending ? 'Wait until the other image is there, or cancel it.' : problemOf(files, limits.bytes);
    if (problem !== undefined) return shelf.fail(problem);
    sending = new AbortController();
    const { signal } = sending;
    try {
      shelf.progress(file.name, 0);
      const entry = await sendImage(file, { signal, onProgress: (sent) => shelf.progress(file.name, sent) });
      own.add(entry);
      shelf.end();
      open(entry.id);
    } catch (error) {
      if (signal.aborted) shelf.end();
      else
        shelf.fail(sentence(error, `${file.name} could not be sent: the server does not answer, or the file is gone.`));
    } finally {
      sending = undefined;
    }
  }

  async function ask(): Promise<void> {
    const { model } = shown;
    const image = own.find(shown.slide);
    if (asking || !image || model?.mpp == null) return;
    asking = true;
    const { id, title, mpp } = image;
    const question = { image: title, model: model.title, trainedAt: model.mpp, current: mpp };
    const answer = await askResolution(question).finally(() => {
      asking = false;
    });
    putOff.add(`${id} ${model.id}`);
    try {
      if (answer !== undefined) await own.setMpp(id, answer);
    } catch (error) {
      shelf.fail(sentence(error, 'The server does not answer.'));
    }
    if (answer !== undefined || mpp === null) changed(id);
  }

  async function remove(): Promise<void> {
    const image = own.find(shown.slide);
    if (!image) return;
    try {
      await own.remove(image.id);
      shelf.say(`${image.title} is removed.`);
      removed(image.id);
    } catch (error) {
      shelf.fail(sentence(error, 'The server does not answer.'));
    }
  }

  return {
    async withOwn(lists, named, signal) {
      apply(lists.uploads);
      if (!lists.uploads) return lists;
      await own.refresh(named, signal);
      return { ...lists, slides: [...own.entries, ...lists.slides] };
    },
    modelFor(slide, model) {
      shown = { slide, model };
      const image = own.find(slide);
      shelf.show(image, model?.mpp != null);
      if (!image || !model || model.mpp === null || image.mpp !== null) return model;
      if (putOff.has(`${image.id} ${model.id}`)) return model;
      void ask();
      return undefined;
    },
  };
}

/** What keeps files from being sent, in a sentence. */
function problemOf(files: readonly File[], mostBytes: number): string | undefined {
  if (files.length === 0) return 'That was no file: expected one image.';
  if (files.length > 1) return `One image at a time, please: ${files.length} files were given.`;
  const [{ name, size }] = files;
  if (size === 0) return `${name} is empty.`;
  if (size > mostBytes) return `${name} has ${sizeText(size)}; this server takes up to ${sizeText(mostBytes)}.`;
  return undefined;
}

/** @param otherwise what is said where the server said nothing */
function sentence(error: unknown, otherwise: string): string {
  if (!(error instanceof Refusal)) return otherwise;
  const { message } = error;
  // Names of files stay as they are.
  const text = /^\S+\.\w+ /.test(message) ? message : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Bytes for people: 200 MB, 1.2 GB. */
function sizeText(bytes: number): string {
  const [amount, unit] = bytes >= 1e9 ? [bytes / 1e9, 'GB'] : bytes >= 1e6 ? [bytes / 1e6, 'MB'] : [bytes / 1e3, 'kB'];
  return `${Number(amount.toPrecision(3))} ${unit}`;
}

import { element } from '../element.ts';
import type { SlideEntry, UploadLimits } from '../server.ts';

export interface ShelfActions {
  choose(files: File[]): void;
  cancel(): void;
  ask(): void;
  remove(): void;
}

/** The button that adds an image, with what is said of one that is on its way or on the stage. */
export interface Shelf {
  root: HTMLElement;
  /** Shows the button, or (null) nothing at all. */
  offer(limits: UploadLimits | null): void;
  /** @param sent 0 to 1; 1 while the server looks at it */
  progress(name: string, sent: number): void;
  /** The image that was on its way has arrived, or was called back. */
  end(): void;
  fail(message: string): void;
  say(message: string): void;
  /** Speaks of an image on the stage that is this visitor's. @param hasScale whether its resolution matters */
  show(image: SlideEntry | undefined, hasScale: boolean): void;
}

export function createShelf(accept: string, { choose, cancel, ask, remove }: ShelfActions): Shelf {
  const file = element('input', { type: 'file', accept, hidden: true });
  const add = element('button', { type: 'button', className: 'add' }, 'Add an image…');
  const hint = element('small', {});
  const offered = element('div', { className: 'offer' }, add, hint);

  const stage = element('span', {});
  const share = element('span', { className: 'share' });
  const bar = element('progress', { max: 1, ariaLabel: 'Sent' });
  const stop = element('button', { type: 'button' }, 'Cancel');
  const way = element('div', { className: 'way', hidden: true }, stage, share, bar, stop);

  const fault = element('p', { className: 'fault', hidden: true });
  fault.setAttribute('role', 'alert');
  const said = element('p', { className: 'said' });
  said.setAttribute('role', 'status');

  const scale = element('button', { type: 'button' }, 'Resolution…');
  const away = element('button', { type: 'button' }, 'Remove now');
  const about = element('p');
  const ours = element('div', { className: 'ours', hidden: true }, about, element('div', {}, scale, away));

  const root = element('section', { className: 'uploads', ariaLabel: 'Your own images', hidden: true });
  root.append(ours, fault, said, way, offered, file);
  /** How long an image stays. */
  let after = '';

  add.addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    const files = [...(file.files ?? [])];
    // So that the same file can be chosen again.
    file.value = '';
    if (files.length > 0) choose(files);
  });
  stop.addEventListener('click', cancel);
  scale.addEventListener('click', ask);
  away.addEventListener('click', remove);

  const clear = () => {
    fault.hidden = true;
    fault.textContent = '';
    said.textContent = '';
  };
  const end = () => {
    const hadFocus = way.contains(document.activeElement);
    way.hidden = true;
    offered.hidden = false;
    if (hadFocus) add.focus();
  };

  return {
    root,
    offer(limits) {
      root.hidden = limits === null;
      if (limits === null) return;
      const minutes = Math.round(limits.seconds / 60);
      after = minutes === 60 ? 'an hour' : `${minutes} minutes`;
      hint.textContent = 'or drop one anywhere on the page';
    },
    progress(name, sent) {
      if (way.hidden) {
        clear();
        const hadFocus = offered.contains(document.activeElement);
        way.hidden = false;
        offered.hidden = true;
        if (hadFocus) stop.focus();
      }
      const isSent = sent >= 1;
      const text = isSent ? `Opening ${name}…` : `Sending ${name}…`;
      // Read aloud when it changes, the share of it at every moment when it is asked for.
      if (stage.textContent !== text) {
        stage.textContent = text;
        stage.title = name;
        said.textContent = text;
      }
      share.textContent = isSent ? '' : `${Math.floor(100 * sent)} %`;
      if (isSent) bar.removeAttribute('value');
      else bar.value = sent;
    },
    end() {
      said.textContent = '';
      end();
    },
    fail(message) {
      said.textContent = '';
      fault.textContent = message;
      fault.hidden = false;
      if (!way.hidden && !message.startsWith('Wait')) end();
    },
    say(message) {
      clear();
      said.textContent = message;
    },
    show(image, hasScale) {
      ours.hidden = image === undefined;
      if (!image) return;
      const scaled = image.mpp === null ? '' : ` At ${Number(image.mpp.toPrecision(4))} µm per pixel.`;
      const text = `${image.title}: seen by who has this link, removed ${after} after the last look.${scaled}`;
      if (about.textContent !== text) about.textContent = text;
      scale.hidden = !hasScale;
    },
  };
}

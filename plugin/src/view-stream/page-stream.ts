import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ViewRequest } from '../../../shared/view-events.ts';
import type { Credentials } from '../credentials.ts';
import { pauseAfter } from '../pauses.ts';
import { connect, type Ending } from './connection.ts';
import { type ViewEvent, viewEvent } from './view-event.ts';

/** Milliseconds between two streams of one page: a view that moves replaces it four times a second. */
const REPLACE_PAUSE = 250;
const LONGEST_PAUSE = 15_000;
/** Milliseconds for which a stream must have been there for its loss to be the first in a row. */
const STEADY = 5000;
/** Tries without any answer after which a server that does answer other requests is taken to have no streams. */
const MOST_UNANSWERED = 4;

/** A rectangle on screen. */
export interface ShownView {
  /** Whether the viewer shows it, or its navigator. */
  where: 'viewer' | 'navigator';
  /** Whole slide pixels. */
  region: Rectangle;
  /** Deep Zoom level that is drawn. */
  level: number;
  score: Score;
  /** Whether the order of the slide's classes is wanted. */
  classOrder?: boolean;
}

/** An overlay with its views. */
export interface Member {
  /** As the server names it. */
  readonly heatmap: string;
  views: readonly ShownView[];
  /** A stream with its views was answered: what earlier ones told is told anew. */
  begun(): void;
  received(event: ViewEvent, view: ShownView): void;
  /** Not answered, or refused; it is tried again. */
  lost(error: Error): void;
  /** The server has no view streams. */
  absent(): void;
  /** A new stream is about to be asked for: takes the member out where its headers are others by now. */
  check(): void;
}

/** The view stream of a page and a server. */
export interface PageStream {
  join(member: Member): void;
  /** @returns how many members are left; without any there is no listener, timer nor request */
  leave(member: Member): number;
  /** The views of a member have changed. */
  update(): void;
  /** The server is known to be there: asks at once. */
  retry(): void;
}

/** Keeps one stream with the views of all members, as long as there are any and the page is seen. */
export function pageStream(address: string, credentials: Credentials): PageStream {
  const members = new Set<Member>();
  let current: { body: string; entries: Entry[]; close(): void } | undefined;
  let isAbsent = false;
  /** Milliseconds of `performance.now`; of the first answer since the last loss. */
  let answeredAt: number | undefined;
  let everAnswered = false;
  let losses = 0;
  let openedAt = Number.NEGATIVE_INFINITY;
  let notBefore = Number.NEGATIVE_INFINITY;
  /** Before this the server has asked to be left alone. */
  let wishedFor = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const close = () => {
    current?.close();
    current = undefined;
  };

  const update = () => {
    clearTimeout(timer);
    const entries = document.hidden || isAbsent ? [] : entriesOf(members);
    if (entries.length === 0) return close();
    if (current && current.body === bodyOf(entries) && sameMembers(current.entries, entries)) return;
    const due = Math.max(openedAt + REPLACE_PAUSE, notBefore, wishedFor);
    timer = setTimeout(open, Math.max(0, due - performance.now()));
  };

  const open = () => {
    for (const member of [...members]) member.check();
    const entries = entriesOf(members);
    if (entries.length === 0) return;
    close();
    openedAt = performance.now();
    const body = bodyOf(entries);
    current = {
      body,
      entries,
      close: connect(address, body, credentials, {
        answered: () => {
          answeredAt ??= performance.now();
          everAnswered = true;
          for (const member of membersOf(entries)) if (members.has(member)) member.begun();
        },
        received: (event) => {
          const told = viewEvent(event);
          const entry = told && entries[told.data.view];
          if (told && entry && members.has(entry.member)) entry.member.received(told, entry.view);
        },
        ended: (ending) => onEnded(entries, ending),
      }),
    };
  };

  const onEnded = (entries: Entry[], ending: Ending) => {
    current = undefined;
    const now = performance.now();
    losses = answeredAt !== undefined && now - answeredAt > STEADY ? 1 : losses + 1;
    answeredAt = undefined;
    notBefore = now + pauseAfter(losses - 1, LONGEST_PAUSE);
    if (ending.kind === 'refused') wishedFor = now + ending.pause;
    // A server that had streams is away. Another origin's static host may refuse even to be asked.
    const isNone = ending.kind === 'absent' || (ending.kind === 'lost' && losses >= MOST_UNANSWERED);
    isAbsent = isNone && !everAnswered;
    update();
    if (isAbsent) for (const member of [...members]) member.absent();
    if (ending.kind === 'absent') return;
    // A stream that a proxy cut, or a server that begins anew, is back before anybody has to know.
    const isTold = ending.kind === 'refused' || (everAnswered && losses > 1);
    if (isTold) for (const member of membersOf(entries)) if (members.has(member)) member.lost(ending.error);
  };

  const retry = () => {
    losses = 0;
    notBefore = Number.NEGATIVE_INFINITY;
    isAbsent = false;
    update();
  };
  const onVisibility = () => {
    notBefore = Number.NEGATIVE_INFINITY;
    update();
  };
  /** What was open may hang on a network that is no more. */
  const onOnline = () => {
    close();
    retry();
  };

  return {
    join: (member) => {
      if (members.size === 0) {
        document.addEventListener('visibilitychange', onVisibility);
        window.addEventListener('online', onOnline);
      }
      members.add(member);
      if (isAbsent) queueMicrotask(() => members.has(member) && member.absent());
      update();
    },
    leave: (member) => {
      members.delete(member);
      if (members.size === 0) {
        document.removeEventListener('visibilitychange', onVisibility);
        window.removeEventListener('online', onOnline);
      }
      update();
      return members.size;
    },
    update,
    retry,
  };
}

interface Entry {
  member: Member;
  view: ShownView;
}

function entriesOf(members: Iterable<Member>): Entry[] {
  return [...members].flatMap((member) => member.views.map((view) => ({ member, view })));
}

function membersOf(entries: readonly Entry[]): Set<Member> {
  return new Set(entries.map(({ member }) => member));
}

function sameMembers(a: readonly Entry[], b: readonly Entry[]): boolean {
  return a.every(({ member }, i) => member === b[i].member);
}

function bodyOf(entries: readonly Entry[]): string {
  const requests = entries.map(({ member: { heatmap }, view: { region, level, score, classOrder } }): ViewRequest => {
    const { x, y, width, height } = region;
    return { heatmap, region: [x, y, width, height], level, score, ...(classOrder && { classOrder }) };
  });
  return JSON.stringify(requests);
}

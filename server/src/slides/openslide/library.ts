import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Rectangle } from '../../../../shared/geometry/deep-zoom.ts';
import type { PictureCoding } from '../picture-coding.ts';
import type { AssociatedImage, OpenSlideLevel } from '../slide.ts';
import { readPixelFrames } from './pixel-frames.ts';

/** What OpenSlide says of a slide. */
export interface LibrarySlide {
  levels: OpenSlideLevel[];
  mppX: string | null;
  mppY: string | null;
  objective: string | null;
  quickhash: string | null;
  tileWidth: string | null;
  tileHeight: string | null;
}

/** A slide's file, and a word that changes when it does. */
export interface LibraryFile {
  file: string;
  version: string;
}

/** OpenSlide, in a process of its own. All throw a LibraryError. */
export interface Library {
  describe(slide: LibraryFile): Promise<LibrarySlide>;
  /** RGB bytes of a region of a level over the slide's background colour; x and y in pixels of level 0. */
  read(slide: LibraryFile, level: number, region: Rectangle): Promise<Uint8Array>;
  /** The ICC profile that its colours are in, where it has one and the library is 4.0 or later. */
  profile(slide: LibraryFile): Promise<Uint8Array | undefined>;
  /** The same as a picture file. */
  encode(slide: LibraryFile, level: number, region: Rectangle, coding: PictureCoding): Promise<Uint8Array>;
  /** The pictures that it has beside the slide. */
  associated(slide: LibraryFile): Promise<AssociatedImage[]>;
  /** RGB bytes of one of them. */
  readAssociated(slide: LibraryFile, image: AssociatedImage): Promise<Uint8Array>;
  /** Lets go of what is kept of a slide. */
  close(slide: LibraryFile): void;
}

/** Why OpenSlide did not answer. */
export class LibraryError extends Error {
  /** Whether there is no OpenSlide. */
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.name = 'LibraryError';
    this.isMissing = isMissing;
  }
}

type Request = LibraryFile &
  (
    | { ask: 'associated' | 'close' | 'describe' | 'profile' }
    | ({ ask: 'read'; level: number; coding?: PictureCoding } & Rectangle)
    | ({ ask: 'read-associated' } & AssociatedImage)
  );
type Answer = LibrarySlide | AssociatedImage[] | Uint8Array | null;
type Reply = { id: number } & ({ answer: Answer } | { error: string; missing: boolean });

interface Job {
  id: number;
  request: Request;
  deaths: number;
  timer?: NodeJS.Timeout;
  resolve(answer: Answer): void;
  reject(error: LibraryError): void;
}

const entry = fileURLToPath(new URL('./openslide-process.js', import.meta.url));

/** Opening the largest slides takes a second, reading 2048 x 2048 pixels of them less. */
const SECONDS = 60;

/** As many as there are threads of Node for them, twice. */
const MAX_SENT = 8;

const MAX_DEATHS = 2;

/** Which of the process's streams brings pixels. */
const PIXELS = 4;

/** How long it is taken for granted that there is no OpenSlide, in milliseconds: then it is looked for again. */
const MISSING_FOR = 10_000;

/**
 * A process that calls OpenSlide, started with the first request and again after a death. What was under way when it died is
 * tried once more, one at a time, so that only the file to blame fails; what takes too long is given up, with the process.
 */
export function openLibrary({ seconds = SECONDS }: { seconds?: number } = {}): Library {
  const waiting: Job[] = [];
  const sent = new Map<number, Job>();
  let child: ChildProcess | undefined;
  let nextId = 1;
  let missing: { error: LibraryError; until: number } | undefined;

  function dispatch(): void {
    while (waiting.length > 0) {
      const suspect = waiting[0].deaths > 0 || [...sent.values()].some(({ deaths }) => deaths > 0);
      if (sent.size >= (suspect ? 1 : MAX_SENT)) return;
      const job = waiting.shift();
      if (job === undefined) return;
      sent.set(job.id, job);
      child ??= start();
      hold(child);
      child.send({ id: job.id, ...job.request });
      job.timer = setTimeout(() => giveUp(job), seconds * 1000);
    }
  }

  function start(): ChildProcess {
    const started = fork(entry, [], {
      execArgv: [],
      serialization: 'advanced',
      // Libraries below OpenSlide print what they think of a file.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
    });
    const pixels = started.stdio[PIXELS];
    if (pixels instanceof Socket) {
      readPixelFrames(pixels, (id, answer) => {
        if (child === started) settle({ id, answer });
      });
      // The process has ended, which is told.
      pixels.on('error', () => {});
    }
    started.on('message', (reply: Reply) => settle(reply));
    started.on('error', (error) => ended(started, error.message));
    started.on('exit', (status, signal) => ended(started, signal ?? `exit status ${status}`));
    return started;
  }

  /** Nobody who has all answers should wait for it. */
  function hold(process: ChildProcess): void {
    const pixels = process.stdio[PIXELS];
    for (const handle of [process, process.channel, pixels instanceof Socket ? pixels : undefined]) {
      if (sent.size > 0) handle?.ref();
      else handle?.unref();
    }
  }

  function giveUp(job: Job): void {
    sent.delete(job.id);
    job.reject(new LibraryError(`OpenSlide took more than ${seconds} s and was stopped`));
    child?.kill('SIGKILL');
  }

  function settle(reply: Reply): void {
    const job = sent.get(reply.id);
    if (job === undefined) return;
    sent.delete(job.id);
    clearTimeout(job.timer);
    if ('answer' in reply) job.resolve(reply.answer);
    else {
      const error = new LibraryError(reply.error, reply.missing);
      if (reply.missing) missing = { error, until: Date.now() + MISSING_FOR };
      job.reject(error);
      // Looked for anew by a process of its own.
      if (reply.missing && sent.size === 0) child?.kill();
    }
    dispatch();
    if (child !== undefined) hold(child);
  }

  function ended(process: ChildProcess, reason: string): void {
    if (child !== process) return;
    child = undefined;
    const lost = [...sent.values()];
    sent.clear();
    for (const job of lost.reverse()) {
      clearTimeout(job.timer);
      job.deaths++;
      if (job.deaths < MAX_DEATHS) waiting.unshift(job);
      else job.reject(new LibraryError(`OpenSlide failed on it (${reason})`));
    }
    dispatch();
  }

  function ask(request: Request): Promise<Answer> {
    if (missing !== undefined && Date.now() < missing.until) return Promise.reject(missing.error);
    return new Promise((resolve, reject) => {
      waiting.push({ id: nextId++, request, deaths: 0, resolve, reject });
      dispatch();
    });
  }

  async function bytesOf(request: Request): Promise<Uint8Array> {
    const answer = await ask(request);
    if (!(answer instanceof Uint8Array)) throw new LibraryError('OpenSlide gave another answer');
    return answer;
  }

  return {
    async describe(slide) {
      const answer = await ask({ ask: 'describe', ...slide });
      if (answer === null || answer instanceof Uint8Array || Array.isArray(answer))
        throw new LibraryError('OpenSlide gave another answer');
      return answer;
    },
    read: (slide, level, region) => bytesOf({ ask: 'read', level, ...region, ...slide }),
    encode: (slide, level, region, coding) => bytesOf({ ask: 'read', coding, level, ...region, ...slide }),
    async profile(slide) {
      const answer = await ask({ ask: 'profile', ...slide });
      return answer instanceof Uint8Array ? answer : undefined;
    },
    async associated(slide) {
      const answer = await ask({ ask: 'associated', ...slide });
      if (!Array.isArray(answer)) throw new LibraryError('OpenSlide gave another answer');
      return answer;
    },
    readAssociated: (slide, image) => bytesOf({ ask: 'read-associated', ...image, ...slide }),
    close(slide) {
      if (child !== undefined) void ask({ ask: 'close', ...slide }).catch(() => {});
    },
  };
}

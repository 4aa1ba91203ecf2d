/** What went wrong, in the terms of a user's input; each kind has its HTTP status and exit status in one place. */
export type ProblemCode =
  | 'bad-parameter' // a value the user gave is out of its range
  | 'not-found' // no such slide, model, tile or file
  | 'too-large' // what was asked for cannot be held
  | 'unreadable-slide'
  | 'unreadable-model'
  | 'busy' // try again later
  | 'unavailable' // a server that a slide's pixels come from does not give them now
  | 'failed'; // our side: a worker that died too often, a full disk

/**
 * An error for a user: one sentence naming the file or parameter, what was expected and what was found. It is shown as
 * it is, without a stack; every other error is a bug and is logged with its stack.
 */
export class Problem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Problem';
    this.code = code;
  }
}

/** HTTP status of each kind. */
export const HTTP_STATUS: Record<ProblemCode, number> = {
  'bad-parameter': 400,
  'not-found': 404,
  'too-large': 413,
  'unreadable-slide': 422,
  'unreadable-model': 422,
  busy: 503,
  unavailable: 503,
  failed: 500,
};

/**
 * Why something could not be fetched: the list of hosts forbids it, it is not there, it is not what it should be, or its
 * server is in trouble, which may pass.
 */
export type RemoteErrorKind = 'forbidden' | 'missing' | 'wrong' | 'unavailable';

/** The message is the end of a sentence that begins with what was fetched. */
export class RemoteError extends Error {
  readonly kind: RemoteErrorKind;
  /** The server's own wish, in seconds. */
  readonly retryAfter: number | undefined;
  /** Whether there was no answer at all, which says something of the server and nothing of what was asked for. */
  readonly unanswered: boolean;

  constructor(
    kind: RemoteErrorKind,
    message: string,
    options: { cause?: unknown; retryAfter?: number; unanswered?: boolean } = {},
  ) {
    super(message, { cause: options.cause });
    this.unanswered = options.unanswered ?? false;
    this.name = 'RemoteError';
    this.kind = kind;
    this.retryAfter = options.retryAfter;
  }
}

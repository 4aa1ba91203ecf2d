import { ENGLISH } from './languages/en.ts';

/** Reason of a request that was not answered. */
export const UNANSWERED = ENGLISH.Unanswered;

/** A request for scores failed. Its message begins with the address that was asked. */
export class RequestError extends Error {
  /** The server's own sentence, or what came instead of one. */
  readonly reason: string;
  /** Whether the server answered at all; where it did not, it is asked again. */
  readonly answered: boolean;

  constructor(address: string, reason: string, answered: boolean, options?: ErrorOptions) {
    super(`${address}: ${reason}`, options);
    this.name = 'RequestError';
    this.reason = reason;
    this.answered = answered;
  }
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What a panel says of an error: of a failed request only the reason. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof RequestError ? thrown.reason : asError(thrown).message;
}

/** Whether an error is that of a server that does not answer. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof RequestError && !error.answered;
}

/** Why a response is a refusal: the server's own sentence, where it gave one. */
export async function refusalOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { error } = body;
    if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  }
  return `${response.status} ${response.statusText}`.trim();
}

import type { Context, Next } from 'koa';
import type { Logger } from 'pino';
import { HTTP_STATUS, Problem } from '../errors.ts';

const RETRY_SECONDS = 5;

/** Makes a message fit for clients. */
export type Tell = (message: string) => string;

/** Characters of a message, which may quote what a client sent: of a longer one the middle is left out. */
const LONGEST_MESSAGE = 1000;

/**
 * Messages name files by their ids' paths: where the folders lie is nobody's business.
 * @param folders absolute paths
 * @param further those that become known later
 */
export function tellWithout(folders: readonly string[], further: () => Iterable<string> = () => []): Tell {
  return (message) => {
    // A folder inside of another before that one: what is left of its path would not be found any more.
    const all = [...folders, ...further()].sort((a, b) => b.length - a.length);
    return short(all.reduce((text, folder) => text.replaceAll(`${folder}/`, ''), message));
  };
}

/** What was expected stands at a message's beginning, what was found at its end. */
function short(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  const half = LONGEST_MESSAGE / 2;
  return `${message.slice(0, half)} ... ${message.slice(-half)}`;
}

/** Answers every error as JSON; one that is not a user's is logged and shown without its details. */
export function answerErrors(logger: Logger, tell: Tell) {
  return async function errors(ctx: Context, next: Next) {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) {
        throw new Problem('not-found', `${ctx.path}: there is nothing at this address`);
      }
      if ((ctx.status === 405 || ctx.status === 501) && ctx.body === undefined) {
        const status = ctx.status;
        const message = tell(`${ctx.path}: ${ctx.method} is not offered here`);
        ctx.body = { error: { code: 'method', message } };
        ctx.status = status;
      }
    } catch (error) {
      if (error instanceof Problem) {
        ctx.status = HTTP_STATUS[error.code];
        if (ctx.status === 503) ctx.set('Retry-After', String(RETRY_SECONDS));
        if (error.code === 'failed') logger.error(error.message);
        ctx.body = { error: { code: error.code, message: tell(error.message) } };
      } else if (isClientError(error)) {
        // Koa's own: a malformed address or body.
        ctx.status = error.status;
        ctx.body = { error: { code: 'bad-parameter', message: tell(error.message) } };
      } else {
        logger.error(error);
        ctx.status = 500;
        ctx.body = { error: { code: 'failed', message: 'something went wrong on the server; its log says what' } };
      }
      ctx.set('Cache-Control', 'no-store');
    }
  };
}

function isClientError(error: unknown): error is Error & { status: number } {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500;
}

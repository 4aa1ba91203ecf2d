import { Problem } from '../errors.ts';
import { Interrupted } from './interrupted.ts';

/** As shells give it: 128 and the number of SIGINT. */
export const INTERRUPTED_STATUS = 130;

/**
 * Tells a failure on stderr: a Problem in its one sentence, anything else, which is a bug, with its stack.
 * @returns the exit status: 2 for a parameter's wrong value, 130 for an interrupt, else 1
 */
export function reportFailure(error: unknown): number {
  if (error instanceof Problem) {
    console.error(`openseadragon-cam: ${error.message}`);
    return error.code === 'bad-parameter' ? 2 : 1;
  }
  if (error instanceof Interrupted) {
    console.error('openseadragon-cam: interrupted');
    return INTERRUPTED_STATUS;
  }
  console.error(error);
  return 1;
}

import { Problem } from '../errors.ts';

/**
 * Tells a failure on stderr: a Problem in its one sentence, anything else, which is a bug, with its stack.
 * @returns the exit status: 2 for a parameter's wrong value, else 1
 */
export function reportFailure(error: unknown): number {
  if (error instanceof Problem) {
    console.error(`openseadragon-cam: ${error.message}`);
    return error.code === 'bad-parameter' ? 2 : 1;
  }
  console.error(error);
  return 1;
}

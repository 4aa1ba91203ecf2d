import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Keras on the same patches, for comparison. */
export interface Keras {
  /** Patches per second, asked for one by one as the original script does, and in batches of 32. */
  speeds(): Promise<{ alone: number; batches: number }>;
  close(): void;
}

/** One by one Keras is slow, and all at once it wants four times their memory: so many patches tell. */
const ALONE = 40;
const TOGETHER = 512;

/**
 * Starts Keras where `KERAS_PYTHON` names a Python that has it; null without.
 * @param patches how many the file has, of `side` x `side` RGB bytes
 */
export async function startKeras(
  modelFile: string,
  patchesFile: string,
  { patches, side, scale }: { patches: number; side: number; scale: number },
): Promise<Keras | null> {
  const python = process.env.KERAS_PYTHON;
  if (python === undefined) return null;
  const alone = Math.min(ALONE, patches);
  const together = Math.min(TOGETHER, patches);
  const script = path.join(import.meta.dirname, 'keras_predict.py');
  const child = spawn(python, [script, modelFile, patchesFile, ...[side, scale, alone, together].map(String)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} cannot run ${modelFile} with Keras`);
    return value;
  };
  await next();
  return {
    async speeds() {
      child.stdin.write('\n');
      const [first, second] = (await next()).split(' ').map(Number);
      return { alone: alone / first, batches: together / second };
    },
    close: () => child.stdin.end(),
  };
}

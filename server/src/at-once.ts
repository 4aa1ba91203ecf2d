/** Runs a piece of work when its turn has come. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets only so many pieces of work run at once; the others wait in the order in which they came. */
export function atOnce(most: number): Turn {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((begin) => waiting.push(begin));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

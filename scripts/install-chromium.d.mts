/** A browser's path: the environment variable CHROMIUM where it is set, else the first of the usual names and places. */
export function findChromium(): string | undefined;

/** Why the engine cannot be made here, in a sentence; undefined where it can. */
export function refusalFor(platform: string, arch: string, glibc: string | undefined): string | undefined;

/** Where an entry of the wheel belongs under deps/; undefined for what is not needed. */
export function placeInDeps(entry: string): string | undefined;

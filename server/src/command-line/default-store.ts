import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folder of the server's data where none is named: in the user's cache, for all of it can be made again. */
export function defaultStore(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'openseadragon-cam');
}

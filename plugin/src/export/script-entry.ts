// The entry of the script that `script-exports.ts` loads. It has its own copies of what it shares with the plugin's.
export { learnStrings } from '../strings.ts';
export { overlayExports } from './overlay-exports.ts';

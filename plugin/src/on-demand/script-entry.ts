// The entry of the script that `load-script.ts` loads. It has its own copies of what it shares with the plugin's.
export { learnStrings } from '../strings.ts';
export * from './on-demand.ts';

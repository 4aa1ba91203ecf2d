// What is loaded when it is first needed. Nothing here may wait for a frame: what needs it waits for the network once.
export { paintComparedScores } from '../compared-pixels.ts';
export { overlayExports } from '../export/overlay-exports.ts';
export { showKeyHelp } from '../panel/key-help.ts';
export { patchLabels } from '../patches/patch-labels.ts';
export { drawRegion } from '../region/draw-region.ts';
export { urlState } from '../url-state.ts';

// The entry of the script for pages: with the style sheet, which is extracted into a file of its own, and the element.
import './style.css';

export { registerCamViewer } from './element/index.ts';
export * from './index.ts';

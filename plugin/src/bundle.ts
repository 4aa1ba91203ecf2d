// The bundles' entry: the style sheet is extracted into a file of its own.
import './style.css';

export * from './index.ts';

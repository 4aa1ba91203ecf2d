// The entry of the script for pages: with the style sheet, which is extracted into a file of its own.
import './style.css';

export * from './index.ts';

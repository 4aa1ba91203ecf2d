import { Option } from 'commander';
import { OVERLAPS } from '../../../shared/geometry/patch-grid.ts';
import { DEFAULT_ENGINE, ENGINE_NAMES } from '../engines/engines.ts';
import { numberWithin, repeated } from './option-values.ts';

// Options that several commands have, each made anew: commander keeps values in them.

/** What runs the models, by its name in the registry of engines; undefined unless given. */
export function engineOption(): Option {
  return new Option('--engine <name>', `what runs the models: ${ENGINE_NAMES.join(', ')} (default: ${DEFAULT_ENGINE})`);
}

/** Hosts that slides may be fetched from, gathered in an array as they were typed. */
export function remoteHostOption(): Option {
  return new Option(
    '--remote-host <host[:port]>',
    'tile server that slides (.json files with an address) may be fetched from; repeatable, none by default',
  ).argParser(repeated);
}

/** Whether a name among the hosts given may lead into a private network. */
export function remotePrivateOption(): Option {
  return new Option('--remote-private', 'let names among those hosts stand for addresses of private networks');
}

/** Microns per pixel of the slide, a number above 0, instead of what it says itself. */
export function mppOption(): Option {
  return new Option(
    '--mpp <n>',
    "microns per pixel of the slide, for a model trained at its own (default: what SLIDE.json or the slide's file says)",
  ).argParser((text) => numberWithin(text, 'a number of microns above 0', (n) => n > 0));
}

/** Patches that overlap along a side, as text: one of `OVERLAPS`. */
export function overlapOption(): Option {
  return new Option(
    '--overlap <n>',
    'patches that overlap along a side, for a smoother map at n x n times the work (default: 1)',
  ).choices(OVERLAPS.map(String));
}

/** What is left out as background, as it was typed: it is checked against the model's classes once that is open. */
export function backgroundOption(): Option {
  return new Option(
    '--background <what>',
    "what is left out: none, otsu (places without tissue, by the slide's saturation) or class:NAME (default: what the model's manifest says, else none)",
  );
}

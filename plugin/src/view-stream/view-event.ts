import type { ViewEvents } from '../../../shared/view-events.ts';
import type { ServerEvent } from './event-stream.ts';

/** An event of a view stream with its name. */
export type ViewEvent = { [Name in keyof ViewEvents]: { name: Name; data: ViewEvents[Name] } }[keyof ViewEvents];

const NAMES: readonly string[] = [
  'tiles',
  'breakdown',
  'progress',
  'classOrder',
  'error',
] satisfies (keyof ViewEvents)[];

/** What a server's event says; undefined for one that this version does not know, or that is no JSON of a view. */
export function viewEvent({ name, data }: ServerEvent): ViewEvent | undefined {
  if (!NAMES.includes(name)) return undefined;
  try {
    const parsed = JSON.parse(data);
    return Number.isInteger(parsed?.view) ? ({ name, data: parsed } as ViewEvent) : undefined;
  } catch {
    return undefined;
  }
}

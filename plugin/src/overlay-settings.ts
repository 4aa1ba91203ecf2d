import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { changedSettings, defaultSettings } from './changed-settings.ts';
import { type ClassChoice, classChoice } from './class-choice.ts';
import type { Compared } from './compared-heatmap.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';

/** What an overlay shows, and the heatmap that it compares with. */
export interface OverlaySettings {
  now(): CamSettings;
  /** The heatmap that `compareWith` names. */
  compared(): Compared | undefined;
  classes: ClassChoice;
  /** Those before anything is changed. */
  initial: CamSettings;
  /** Resolves when what was changed is shown. Rejects for a wrong value, changing nothing. */
  change(changes: CamChanges): Promise<void>;
  /** As `change`, to what a link shows: one that says nothing of classes names none. */
  follow(linked: CamChanges): Promise<void>;
  /** As `change`, to what it began with, but for what is compared with. */
  reset(): Promise<void>;
}

/** @throws for a wrong option */
export async function overlaySettings(
  descriptor: HeatmapDescriptor,
  options: CamOptions,
  host: {
    /** The heatmap of an address. @param isFirst whether it is wanted to begin with */
    comparedBy(address: string, isFirst: boolean): Promise<Compared>;
    /** Shows what has changed; resolves when the screen does. */
    changed(before: CamSettings): Promise<void>;
    signal: AbortSignal;
  },
): Promise<OverlaySettings> {
  const comparedBy = async (address: string | null, isFirst = false) =>
    address === null ? undefined : host.comparedBy(address, isFirst);
  const begun = (changes: CamChanges) =>
    changedSettings(defaultSettings(descriptor), changes, descriptor, compared?.descriptor);

  let compared = await comparedBy(options.compareWith ?? null, true);
  const classes = classChoice(descriptor, options.classes !== undefined, options.top);
  const initial = classes.settled(begun(options));
  let settings = initial;
  /** Changes of what is compared with: only the last one counts. */
  let comparisons = 0;

  const change = async (changes: CamChanges): Promise<void> => {
    let other = compared;
    if (changes.compareWith !== undefined) {
      const turn = ++comparisons;
      if (changes.compareWith !== settings.compareWith) other = await comparedBy(changes.compareWith);
      if (turn !== comparisons) return change({ ...changes, compareWith: undefined });
    }
    if (host.signal.aborted) return;
    const before = settings;
    const next = changedSettings(before, changes, descriptor, other?.descriptor);
    compared = other;
    if (changes.classes !== undefined) classes.named(true);
    settings = classes.settled(next);
    await host.changed(before);
  };
  const changeAll = ({ classes: named, ...rest }: CamChanges, areNamed: boolean) => {
    if (areNamed || options.classes) return change({ ...rest, classes: named });
    classes.named(false);
    return change(rest);
  };

  return {
    now: () => settings,
    compared: () => compared,
    classes,
    initial,
    change,
    follow: (linked) => changeAll(linked, linked.classes !== initial.classes),
    reset: async () => changeAll(begun({ ...options, compareWith: settings.compareWith }), false),
  };
}

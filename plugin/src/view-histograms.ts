/** Milliseconds between two histograms; nobody sees more of them. */
const PAUSE = 250;

/** Keeps a histogram up to date that is dear to work out. */
export interface ViewHistograms {
  /** What it depends on has changed. */
  due(): void;
  destroy(): void;
}

/** @param show works out and shows the histogram; called at most four times a second */
export function viewHistograms(show: () => void): ViewHistograms {
  let timer = 0;
  return {
    due() {
      timer ||= window.setTimeout(() => {
        timer = 0;
        show();
      }, PAUSE);
    },
    destroy: () => clearTimeout(timer),
  };
}

import { patchesTouching, patchIndex, patchRectangle } from '../../../shared/geometry/patch-grid.ts';
import { areaWindow, finestRaster } from '../../../shared/geometry/score-raster.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import { METHOD_NAMES, type Score } from '../../../shared/heatmap-descriptor.ts';
import { paintArea } from '../../../shared/painting/paint-area.ts';
import { checkTile } from '../../../shared/painting/score-tile.ts';
import type { Mode } from '../../../shared/painting/style.ts';
import { Problem } from '../errors.ts';
import { slideBreakdown } from '../heatmaps/breakdown.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { checkShown, classIndices, paintStyle } from '../heatmaps/paint-style.ts';
import { probabilitiesOf } from '../heatmaps/patch-scores.ts';
import type { Scheduler } from '../heatmaps/scheduler.ts';
import { missingSamples, scoreTile } from '../heatmaps/score-tile.ts';
import { mostProbable } from '../heatmaps/shown-classes.ts';
import { outputFolder } from '../rendering/output-folder.ts';
import { checkOutput } from '../rendering/output-format.ts';
import { layoutFor, type PatchPredictions } from '../rendering/predictions.ts';
import { renderSlide } from '../rendering/render-slide.ts';
import { renderedSize } from '../rendering/slide-strip.ts';
import { readSlideHeader } from '../slides/describe-slide.ts';
import { openSlide } from '../slides/open-slide.ts';
import { allowRemoteHosts } from '../slides/remote/process-fetcher.ts';
import { printBreakdown } from './analyze.ts';
import { chosenOptions, type HeatmapChoice } from './heatmap-choice.ts';
import { type RemoteChoice, remoteHosts } from './remote-choice.ts';
import { withAnalysis } from './with-analysis.ts';

export interface RenderCommandOptions extends HeatmapChoice, RemoteChoice {
  /** Exactly one of `class` and `top`; neither for `entropy`, which is of all classes. */
  class?: string;
  top?: number;
  /** How several classes are shown, or `entropy`; `blend` unless given. */
  mode?: 'blend' | 'argmax' | 'entropy';
  opacity: number;
  colormap?: string;
  gamma?: number;
  opacityByValue?: boolean;
  /** The model's first when left out. */
  score?: Score;
  /** Scores at the ends of the colour map, [0, 1] unless given. */
  range?: [low: number, high: number];
  predictions?: boolean;
  scale: number;
  store: string;
  engine?: string;
  /** Microns per pixel of the slide, whatever it says itself. */
  mpp?: number;
  output: string;
}

/**
 * Classifies every patch, writes the heatmap over the slide and prints the exact breakdown.
 * @throws Problem `bad-parameter` and `too-large` before any work; as slide, model, worker or output do
 */
export async function render(slide: string, model: string, options: RenderCommandOptions): Promise<void> {
  const { output, scale, store, engine, mpp } = options;
  if (options.class === undefined && options.top === undefined && options.mode !== 'entropy') {
    throw new Problem('bad-parameter', 'render: expected --class NAME, --top N or --mode entropy, found none of them');
  }
  const remote = remoteHosts(options);
  allowRemoteHosts(remote);
  const { width, height } = renderedSize(await readSlideHeader(slide), scale);
  checkOutput(output, width, height);
  await outputFolder(output, [slide]);
  const check = (heatmap: Heatmap) => {
    checkShown(heatmap.model, { ...options, class: options.class === undefined ? undefined : [options.class] });
    if (options.predictions && heatmap.model.activation === 'none') {
      throw new Problem(
        'bad-parameter',
        '--predictions: expected a model with probabilities, found one without activation',
      );
    }
    const patch = patchRectangle(heatmap.grid, { row: 0, column: 0 });
    const pictured = { width: patch.width * scale, height: patch.height * scale };
    if (options.predictions && !layoutFor(pictured)) {
      const found = `${Math.round(pictured.width)} x ${Math.round(pictured.height)}`;
      throw new Problem(
        'bad-parameter',
        `--predictions: expected patches large enough to write on, found ${found} pixels`,
      );
    }
  };
  const heatmapOptions = chosenOptions(options);
  await withAnalysis(
    slide,
    model,
    { store, engine, mpp, remote, heatmapOptions, check },
    async ({ heatmap, scheduler, progress, signal }) => {
      const breakdown = slideBreakdown(heatmap);
      const size = await renderSlide(openSlide(heatmap.slide), output, {
        scale,
        paintStrip: (y, stripHeight) =>
          paintStrip(heatmap, scheduler, { ...options, signal }, { x: 0, y, width, height: stripHeight }),
        ...(options.predictions && { predictions: (y, rows) => predictionsWithin(heatmap, y, rows) }),
        onProgress: (done) => progress.show('rendering', done),
        signal,
      });
      progress.clear();
      printBreakdown(breakdown, heatmap.model.activation);
      console.log(`${output}: ${size.width} x ${size.height} pixels${methodNote(heatmap)}`);
    },
  );
}

/** Any map but a CAM says what it is. */
function methodNote({ model: { method, camLayer } }: Heatmap): string {
  return method === 'cam' ? '' : `, ${METHOD_NAMES[method]} at layer '${camLayer}'`;
}

function modeOf({ mode, class: name }: RenderCommandOptions): Mode {
  return mode ?? (name === undefined ? 'blend' : 'single');
}

/** Pixels of a rectangle of the picture, painted as a tile is. */
async function paintStrip(
  heatmap: Heatmap,
  scheduler: Scheduler,
  options: RenderCommandOptions & { signal: AbortSignal },
  area: { x: number; y: number; width: number; height: number },
): Promise<Uint8ClampedArray> {
  const { model, grid } = heatmap;
  const classes = shownClasses(heatmap, options);
  const style = paintStyle(model, classes, { ...options, mode: modeOf(options) });
  const window = areaWindow(grid, area, 1 / options.scale, finestRaster(style.score));
  // Nothing, unless something in the store turned out to be damaged.
  const missing = missingSamples(heatmap, window, 1);
  if (missing.length > 0) await scheduler.classify(heatmap, missing, { priority: 'request', signal: options.signal });
  const tile = await scoreTile(heatmap, window, style.score, classes);
  checkTile(tile, window, style);
  return paintArea(tile, window, grid, area, 1 / options.scale, style).data;
}

/** The named class, or the most probable ones of the exact breakdown. */
function shownClasses(heatmap: Heatmap, options: RenderCommandOptions): number[] {
  if (options.mode === 'entropy') return heatmap.model.classes.map((_, index) => index);
  if (options.class !== undefined) return classIndices(heatmap.model, [options.class]);
  const probabilities = slideBreakdown(heatmap).breakdown.map(({ probability }) => probability ?? 0);
  return mostProbable(probabilities, options.top ?? probabilities.length);
}

async function predictionsWithin(heatmap: Heatmap, y: number, height: number): Promise<PatchPredictions[]> {
  const { grid, model, values } = heatmap;
  const range = patchesTouching(grid, { x: 0, y, width: grid.slide.width, height });
  const positions = samplesOfRange(range, 1);
  const records = await values.records(positions.map((position) => patchIndex(grid, position)));
  return positions.flatMap((position) => {
    const record = records.get(patchIndex(grid, position));
    if (!record || values.known.isBackground(position.row, position.column)) return [];
    const probabilities = probabilitiesOf(model, record);
    const predictions = model.classes.map(({ name }, index) => ({ class: name, probability: probabilities[index] }));
    return [{ patch: patchRectangle(grid, position), predictions }];
  });
}

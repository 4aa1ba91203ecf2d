import { basename } from 'node:path';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { patchesTouching, patchIndex, patchRectangle } from '../../../shared/geometry/patch-grid.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import { METHOD_NAMES, type Score } from '../../../shared/heatmap-descriptor.ts';
import { type Mode, scaleEnds } from '../../../shared/painting/style.ts';
import { Problem } from '../errors.ts';
import { slideBreakdown } from '../heatmaps/breakdown.ts';
import { comparedClasses } from '../heatmaps/compared-classes.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { checkShown, classIndices, paintStyle } from '../heatmaps/paint-style.ts';
import { probabilitiesOf } from '../heatmaps/patch-scores.ts';
import { mostProbable } from '../heatmaps/shown-classes.ts';
import { paintExactArea, type ShownHeatmap } from '../rendering/exact-area.ts';
import { outputFolder } from '../rendering/output-folder.ts';
import { checkOutput } from '../rendering/output-format.ts';
import { drawLegend, type Legend } from '../rendering/picture-legend.ts';
import { type PictureTexts, pictureTexts, xmpOf } from '../rendering/picture-texts.ts';
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
  /**
   * Exactly one of `class` and `top`; neither for `entropy`, which is of all classes. One class, or one of each model
   * that is compared.
   */
  class?: string[];
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
  /** File of another model, whose class is subtracted. */
  compare?: string;
  /** Whether what the picture shows stands beneath it. */
  legend?: boolean;
  scale: number;
  store: string;
  engine?: string;
  /** Microns per pixel of the slide, whatever it says itself. */
  mpp?: number;
  output: string;
}

/**
 * Classifies every patch, writes the heatmap over the slide and prints the exact breakdown.
 * @throws Problem `bad-parameter` and `too-large` before any patch is classified; as slide, model, worker or output do
 */
export async function render(slide: string, model: string, options: RenderCommandOptions): Promise<void> {
  const { output, scale, store, engine, mpp, compare } = options;
  checkChoice(options);
  const remote = remoteHosts(options);
  allowRemoteHosts(remote);
  const size = renderedSize(await readSlideHeader(slide), scale);
  const { width, height } = size;
  checkOutput(output, width, height);
  await outputFolder(output, [slide]);
  const files = compare === undefined ? [model] : [model, compare];
  const check = async (heatmap: Heatmap, other: Heatmap | undefined) => {
    if (other) shownDifference(heatmap, other, options);
    else checkShown(heatmap.model, options);
    if (options.predictions) checkPredictions(heatmap, scale);
    if (options.legend) {
      const shown = other ? shownDifference(heatmap, other, options) : shownClasses(heatmap, options, lengthsOfNames);
      await checkLegend(shown, slide, titlesOf(files, shown), output, size);
    }
  };
  const heatmapOptions = chosenOptions(options);
  await withAnalysis(
    slide,
    model,
    { store, engine, mpp, compare, remote, heatmapOptions, check },
    async ({ heatmap, other, scheduler, progress, signal }) => {
      const shown = other
        ? shownDifference(heatmap, other, options)
        : shownClasses(heatmap, options, probabilitiesOfSlide);
      const titles = titlesOf(files, shown);
      const texts = await pictureTexts(shown, basename(slide), titles);
      const written = await renderSlide(openSlide(heatmap.slide), output, {
        scale,
        paintStrip: (y, stripHeight) =>
          paintExactArea(shown, scheduler, { x: 0, y, width, height: stripHeight }, scale, signal),
        ...(options.predictions && { predictions: (y, rows) => predictionsWithin(heatmap, y, rows) }),
        ...(options.legend && { below: await drawLegend(legendOf(shown, titles, texts), width) }),
        xmp: xmpOf(texts),
        onProgress: (done) => progress.show('rendering', done),
        signal,
      });
      progress.clear();
      for (const [i, one] of (other ? [heatmap, other] : [heatmap]).entries()) {
        if (other) console.log(`${titles[i]}:`);
        printBreakdown(slideBreakdown(one), one.model.activation);
      }
      const { low, high } = endsOf(shown, titles);
      const ends = other ? `; ${low} to ${high}` : '';
      console.log(`${output}: ${written.width} x ${written.height} pixels${methodNote(heatmap)}${ends}`);
    },
  );
}

/** @throws Problem `bad-parameter` for options that do not go together, whatever the model is */
function checkChoice({ class: names, top, mode, compare }: RenderCommandOptions): void {
  if (compare !== undefined && names === undefined) {
    throw new Problem(
      'bad-parameter',
      '--compare: expected --class NAME, once for both models or once for each, found none',
    );
  }
  if (names === undefined && top === undefined && mode !== 'entropy') {
    throw new Problem('bad-parameter', 'render: expected --class NAME, --top N or --mode entropy, found none of them');
  }
  if (names && names.length > 1 && compare === undefined) {
    throw new Problem('bad-parameter', '--class: expected it once; --top shows several classes');
  }
}

/** @throws Problem `bad-parameter` where nothing can be written on the patches */
function checkPredictions({ model, grid }: Heatmap, scale: number): void {
  if (model.activation === 'none') {
    throw new Problem(
      'bad-parameter',
      '--predictions: expected a model with probabilities, found one without activation',
    );
  }
  const patch = patchRectangle(grid, { row: 0, column: 0 });
  const pictured = { width: patch.width * scale, height: patch.height * scale };
  if (layoutFor(pictured)) return;
  const found = `${Math.round(pictured.width)} x ${Math.round(pictured.height)}`;
  throw new Problem('bad-parameter', `--predictions: expected patches large enough to write on, found ${found} pixels`);
}

/**
 * The legend of a heatmap that is not analysed yet, with the longest texts that it may have.
 * @throws Problem `too-large` where the output cannot hold it beneath the picture
 */
async function checkLegend(
  shown: ShownHeatmap,
  slide: string,
  titles: readonly string[],
  output: string,
  { width, height }: Size,
): Promise<void> {
  const texts = await pictureTexts(shown, basename(slide), titles, (heatmap) => {
    const { total } = slideBreakdown(heatmap).patches;
    return { known: total, total };
  });
  const legend = await drawLegend(legendOf(shown, titles, texts), width);
  checkOutput(output, width, height, legend.height);
}

/** Any map but a CAM says what it is. */
function methodNote({ model: { method, camLayer } }: Heatmap): string {
  return method === 'cam' ? '' : `, ${METHOD_NAMES[method]} at layer '${camLayer}'`;
}

function modeOf({ mode, class: name }: RenderCommandOptions): Mode {
  return mode ?? (name === undefined ? 'blend' : 'single');
}

/** What classes are ranked by: a number for each, the first the largest. */
type Ranking = (heatmap: Heatmap) => number[];

const probabilitiesOfSlide: Ranking = (heatmap) =>
  slideBreakdown(heatmap).breakdown.map(({ probability }) => probability ?? 0);

/** Before the most probable ones are known: none of them takes more room than these. */
const lengthsOfNames: Ranking = ({ model }) => model.classes.map(({ name }) => name.length);

/** The named class, or the first ones of a ranking. */
function shownClasses(heatmap: Heatmap, options: RenderCommandOptions, ranking: Ranking): ShownHeatmap {
  const classes = chosenClasses(heatmap, options, ranking);
  return { heatmap, classes, style: paintStyle(heatmap.model, classes, { ...options, mode: modeOf(options) }) };
}

function chosenClasses(heatmap: Heatmap, options: RenderCommandOptions, ranking: Ranking): number[] {
  if (options.mode === 'entropy') return heatmap.model.classes.map((_, index) => index);
  if (options.class !== undefined) return classIndices(heatmap.model, options.class);
  return mostProbable(ranking(heatmap), options.top ?? heatmap.model.classes.length);
}

/** @throws Problem `bad-parameter` for classes or a score that either model does not have */
function shownDifference(heatmap: Heatmap, other: Heatmap, options: RenderCommandOptions): ShownHeatmap {
  const { score, classes } = comparedClasses(heatmap.model, other.model, { ...options, mode: 'difference' });
  return {
    heatmap,
    classes: [classes[0]],
    style: paintStyle(heatmap.model, [classes[0]], { ...options, mode: 'difference', score }),
    other: { heatmap: other, classes: [classes[1]] },
  };
}

/** Titles of the models' files, which tell them apart. */
function titlesOf(files: readonly string[], { heatmap, other }: ShownHeatmap): string[] {
  const titles = [heatmap.model.title, ...(other ? [other.heatmap.model.title] : [])];
  return titles[0] === titles[1] ? files.map((file) => basename(file)) : titles;
}

function legendOf(shown: ShownHeatmap, titles: readonly string[], texts: PictureTexts): Legend {
  const { heatmap, classes, style } = shown;
  const areNamed = style.mode === 'blend' || style.mode === 'argmax';
  return {
    lines: [texts.Title, texts.Description, `${texts.Software}, ${texts['Creation Time']}`],
    colours: areNamed
      ? classes.map((index, i) => ({ name: heatmap.model.classes[index].name, colour: style.colours[i] }))
      : { ...endsOf(shown, titles), table: style.colormap },
  };
}

/** What the ends of the colours mean. */
function endsOf({ style, other }: ShownHeatmap, titles: readonly string[]): { low: string; high: string } {
  const [low, high] = scaleEnds(style);
  if (!other) return { low: String(low), high: String(high) };
  return { low: `${low} (${titles[1]} higher)`, high: `+${high} (${titles[0]} higher)` };
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

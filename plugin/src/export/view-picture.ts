import type OpenSeadragon from 'openseadragon';
import { pngWithTexts } from '../../../shared/codecs/png-text.ts';
import type { Breakdown, HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import { scaleEnds } from '../../../shared/painting/style.ts';
import { version } from '../../package.json';
import type { CamSettings } from '../options.ts';
import { analysed, percentage } from '../panel/format.ts';
import { pathOf } from '../region/region-geometry.ts';
import { colormapOf, colourOf, comparedNames, effectiveScore, isCompared, shownClasses } from '../shown.ts';
import { slidePlace } from '../slide-place.ts';
import { colourTable } from '../tile-pixels.ts';

/** CSS pixels of the legend beneath the picture: its margin, its lines and the colour scale. */
const MARGIN = 12;
const LINE = 18;
const SCALE = { width: 160, height: 10 };
/** Classes whose colours are told. */
const MOST_CLASSES = 12;

/** What a picture tells besides. */
interface PictureParts {
  breakdown: Breakdown | undefined;
  labels: HTMLCanvasElement | undefined;
  date: Date;
  /** What is compared with. */
  compared: HeatmapDescriptor | undefined;
}

/** What a picture is of, in words that stand in it and in the file. */
function provenance(descriptor: HeatmapDescriptor, settings: CamSettings, { breakdown, compared, date }: PictureParts) {
  const { classes, slide, title } = descriptor;
  const { mode, threshold, interpolation } = settings;
  const isPair = compared !== undefined && isCompared(settings);
  const names = isPair
    ? [comparedNames(settings, descriptor, compared).join(' minus ')]
    : shownClasses(settings, descriptor).map((index) => classes[index].name);
  const limits = threshold === null ? '' : `, from ${threshold}`;
  return {
    Title: `${title} on ${slide}`,
    Description: [
      `${mode}: ${names.slice(0, MOST_CLASSES).join(', ')}${names.length > MOST_CLASSES ? ', ...' : ''}`,
      `${effectiveScore(settings)} ${scaleEnds(settings).join(' to ')}${limits}, ${interpolation}`,
      ...(breakdown ? [analysed(breakdown)] : []),
    ].join('; '),
    Software: `openseadragon-cam ${version} (${[descriptor, ...(isPair ? [compared] : [])]
      .map(({ engine, fingerprint }) => `${engine}, ${fingerprint}`)
      .join('; ')})`,
    'Creation Time': date.toISOString(),
  };
}

/**
 * A PNG of what the viewer shows, in pixels of the screen, with the legend beneath it and where it comes from, which the file
 * also says in text chunks. @throws Error where the drawer or the slide's host lets nobody read the pixels
 */
export async function viewPicture(
  viewer: OpenSeadragon.Viewer,
  item: OpenSeadragon.TiledImage | undefined,
  descriptor: HeatmapDescriptor,
  settings: CamSettings,
  more: PictureParts,
): Promise<Blob> {
  const view: unknown = viewer.drawer.canvas;
  if (!(view instanceof HTMLCanvasElement)) {
    throw new Error('picture: expected the drawer canvas or webgl, found one without a canvas');
  }
  viewer.forceRedraw();
  const ratio = view.width / viewer.viewport.getContainerSize().x;
  const texts = provenance(descriptor, settings, more);
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser gave no 2D canvas for a picture');
  const [width, height] = [view.width / ratio, view.height / ratio];
  canvas.width = view.width;
  const entries = legendOf(descriptor, settings, more.breakdown);
  const font = `12px system-ui, sans-serif`;
  context.font = font;
  const lines = wrapped(
    context,
    [texts.Title, texts.Description, `${texts.Software}, ${texts['Creation Time']}`],
    width,
  );
  const legend = wrappedEntries(context, entries, width);
  const legendRows = settings.mode === 'blend' || settings.mode === 'argmax' ? legend.rows : 1;
  canvas.height = view.height + Math.round(ratio * (2 * MARGIN + LINE * (lines.length + legendRows)));

  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(view, 0, 0);
  if (more.labels?.isConnected && !more.labels.hidden) context.drawImage(more.labels, 0, 0, view.width, view.height);
  context.scale(ratio, ratio);
  if (item && settings.region) {
    const [a, b, c, d, e, f] = slidePlace(viewer, item).matrix;
    const outline = new Path2D();
    outline.addPath(new Path2D(pathOf(settings.region)), { a, b, c, d, e, f });
    context.save();
    context.beginPath();
    context.rect(0, 0, width, height);
    context.clip();
    for (const [colour, wide] of [
      ['#fff', 4],
      ['#16181d', 1.5],
    ] as const) {
      Object.assign(context, { strokeStyle: colour, lineWidth: wide });
      context.stroke(outline);
    }
    context.restore();
  }
  context.font = font;
  context.textBaseline = 'middle';
  context.fillStyle = '#16181d';
  let y = height + MARGIN + LINE / 2;
  for (const line of lines) {
    context.fillText(line, MARGIN, y);
    y += LINE;
  }
  if (settings.mode === 'blend' || settings.mode === 'argmax') {
    for (const { text, colour, left, row } of legend.entries) {
      context.fillStyle = colour;
      context.fillRect(left, y + row * LINE - 5, 10, 10);
      context.fillStyle = '#16181d';
      context.fillText(text, left + 16, y + row * LINE);
    }
  } else {
    const [low, high] = scaleEnds(settings).map(String);
    const start = MARGIN + context.measureText(low).width + 8;
    const table = colourTable(colormapOf(settings));
    context.fillText(low, MARGIN, y);
    for (let x = 0; x < SCALE.width; x++) {
      const entry = 3 * Math.floor((256 * x) / SCALE.width);
      context.fillStyle = `rgb(${table[entry]} ${table[entry + 1]} ${table[entry + 2]})`;
      context.fillRect(start + x, y - SCALE.height / 2, 1.5, SCALE.height);
    }
    context.fillStyle = '#16181d';
    context.fillText(high, start + SCALE.width + 8, y);
  }
  const png = await new Promise<Blob | null>((resolve, reject) => {
    try {
      canvas.toBlob(resolve);
    } catch (cause) {
      reject(new Error('picture: the slide’s host lets no other page read its pixels (CORS)', { cause }));
    }
  });
  if (!png) throw new Error('picture: the browser could not write a PNG of this size');
  const bytes = pngWithTexts(new Uint8Array(await png.arrayBuffer()), texts, (text) => new TextEncoder().encode(text));
  return new Blob([bytes], { type: 'image/png' });
}

function legendOf(descriptor: HeatmapDescriptor, settings: CamSettings, breakdown: Breakdown | undefined) {
  return shownClasses(settings, descriptor)
    .slice(0, MOST_CLASSES)
    .map((index) => {
      const { name } = descriptor.classes[index];
      const share = breakdown?.breakdown.find((entry) => entry.class === name)?.probability;
      const text = share === undefined || share === null ? name : `${name} ${percentage(share)}`;
      return { text, colour: colourOf(index, settings, descriptor) };
    });
}

function wrappedEntries(
  context: CanvasRenderingContext2D,
  entries: readonly { text: string; colour: string }[],
  width: number,
) {
  let [left, row] = [MARGIN, 0];
  const placed = entries.map((entry) => {
    const wide = context.measureText(entry.text).width + 32;
    if (left > MARGIN && left + wide > width - MARGIN) [left, row] = [MARGIN, row + 1];
    const found = { ...entry, left, row };
    left += wide;
    return found;
  });
  return { entries: placed, rows: row + 1 };
}

function wrapped(context: CanvasRenderingContext2D, texts: readonly string[], width: number): string[] {
  return texts.flatMap((text) => {
    const lines: string[] = [];
    let line = '';
    for (const word of text.split(' ')) {
      const longer = line ? `${line} ${word}` : word;
      if (line && context.measureText(longer).width > width - 2 * MARGIN) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    return [...lines, line];
  });
}

import sharp from 'sharp';
import { drawnText, escapedText } from './drawn-text.ts';

/** What stands beneath a picture: whole lines, and what its colours mean. */
export interface Legend {
  lines: readonly string[];
  /** Classes with a colour each, or a colour table (256 RGB triples) between the names of its ends. */
  colours: readonly { name: string; colour: readonly number[] }[] | { low: string; high: string; table: Uint8Array };
}

/** Pixels: letters of a small picture and of a large one, and pictures' pixels across for one of a letter between them. */
const LETTERS = { smallest: 12, largest: 48, perWidth: 80 };
/** Letters in a line, at most: longer ones are hard to read, and what is drawn is held in memory. */
const MOST_LETTERS = 110;
/** Steps of a colour scale, at most, and the width of one for letters of one pixel. */
const SCALE = { steps: 24, width: 0.8 };
const INK = '#16181d';

/**
 * Draws a legend in black on white, wrapped to a picture's width.
 * @returns RGB rows of that width
 */
export async function drawLegend(legend: Legend, width: number): Promise<{ height: number; data: Uint8Array }> {
  const { smallest, largest, perWidth } = LETTERS;
  const size = Math.round(Math.min(largest, Math.max(smallest, width / perWidth)));
  const margin = Math.min(size, Math.floor(width / 8));
  const text = await drawnText(
    [
      ...legend.lines.map(inked),
      coloursOf(legend.colours, Math.floor((width - 2 * margin) / (SCALE.width * size))),
    ].join('\n'),
    size,
    {
      width: Math.max(1, Math.min(width - 2 * margin, Math.round(MOST_LETTERS * size * 0.6))),
      wrap: 'word-char',
      rgba: true,
      spacing: Math.round(size / 3),
    },
  )
    .png()
    .toBuffer({ resolveWithObject: true });
  // One that cannot break is cut.
  const shown = Math.min(text.info.width, width - margin);
  const height = text.info.height + 2 * margin;
  const data = await sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([
      {
        input: await sharp(text.data)
          .extract({ left: 0, top: 0, width: shown, height: text.info.height })
          .png()
          .toBuffer(),
        left: margin,
        top: margin,
      },
    ])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { height, data };
}

/** Pango markup. @param room for so many steps of a scale */
function coloursOf(colours: Legend['colours'], room: number): string {
  if (!('table' in colours)) {
    return colours.map(({ name, colour }) => `${block(colour)} ${inked(name.replaceAll(' ', '\u00a0'))}`).join('   ');
  }
  const { low, high, table } = colours;
  const steps = Math.max(2, Math.min(SCALE.steps, room));
  const blocks = Array.from({ length: steps }, (_, i) => {
    const at = 3 * Math.round((255 * i) / (steps - 1));
    return block(table.subarray(at, at + 3));
  });
  // Joined: a scale that is broken is none.
  return `${inked(low)}  ${blocks.join('\u2060')}  ${inked(high)}`;
}

function block(colour: ArrayLike<number>): string {
  const hex = Array.from(colour, (channel) => channel.toString(16).padStart(2, '0')).join('');
  return `<span foreground="#${hex}">█</span>`;
}

function inked(text: string): string {
  return `<span foreground="${INK}">${escapedText(text)}</span>`;
}

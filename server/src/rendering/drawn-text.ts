import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type CreateText, type Sharp } from 'sharp';

/** Comes with the package, so that machines without fonts can write too. */
const FONT_FILE = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

/**
 * Text as an image of its own, in DejaVu Sans.
 * @param markup Pango's
 * @param size of its letters, in pixels
 */
export function drawnText(markup: string, size: number, more: Partial<CreateText> = {}): Sharp {
  provideFontConfiguration();
  // At 72 dpi a point is a pixel.
  return sharp({ text: { text: markup, font: `DejaVu Sans ${size}`, fontfile: FONT_FILE, dpi: 72, ...more } });
}

/** Text as Pango markup that is nothing but text. */
export function escapedText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Fontconfig, which libvips looks its fonts up with, complains on stderr where a machine has no configuration for it. */
function provideFontConfiguration(): void {
  const { FONTCONFIG_FILE, FONTCONFIG_PATH } = process.env;
  if (process.platform !== 'linux' || FONTCONFIG_FILE !== undefined || FONTCONFIG_PATH !== undefined) return;
  if (existsSync('/etc/fonts/fonts.conf')) return;
  const cache = join(tmpdir(), 'openseadragon-cam-fonts');
  const file = `${cache}-${process.pid}.conf`;
  writeFileSync(file, `<?xml version="1.0"?><fontconfig><cachedir>${cache}</cachedir></fontconfig>`);
  process.env.FONTCONFIG_FILE = file;
  process.once('exit', () => rmSync(file, { force: true }));
}

import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../scripts/install-chromium.mjs';

const DRAWN_BY = {
  webgl: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  // Canvases, too, then take a tenth of what they take through SwiftShader.
  canvas: ['--disable-3d-apis'],
};

/** Starts headless Chromium, with WebGL drawn by software or with none at all. */
export function launchBrowser(drawer: keyof typeof DRAWN_BY = 'webgl'): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', ...DRAWN_BY[drawer]] });
}

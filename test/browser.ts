import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../scripts/install-chromium.mjs';

const DRAWN_BY = {
  webgl: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  // Canvases, too, then take a tenth of what they take through SwiftShader.
  canvas: ['--disable-3d-apis'],
};

export type Drawer = keyof typeof DRAWN_BY;

/**
 * Parts of Chromium that are not there. The first three draw its address bar's suggestions as pages of their own: two
 * renderers for every window, which take more than the page itself. The flag replaces Playwright's own, of
 * which the others are.
 */
const WITHOUT = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
];

/** Starts headless Chromium, with WebGL drawn by software or with none at all. */
export function launchBrowser(drawer: Drawer = 'webgl'): Promise<Browser> {
  const args = ['--no-sandbox', `--disable-features=${WITHOUT.join()}`, ...DRAWN_BY[drawer]];
  return chromium.launch({ executablePath: findChromium(), args });
}

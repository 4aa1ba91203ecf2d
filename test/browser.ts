import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../scripts/install-chromium.mjs';

/** Starts headless Chromium with WebGL drawn by software. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
}

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchBrowser } from '../browser.ts';

/** A browser for the tests of a file: there before the first, gone after the last. */
export function useBrowser(): Pick<Browser, 'newPage' | 'newContext'> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  return {
    newPage: (options) => browser.newPage(options),
    newContext: (options) => browser.newContext(options),
  };
}

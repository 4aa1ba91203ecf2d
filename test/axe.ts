import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const script = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/**
 * What axe finds wrong with a page, a line for each: rule, element and why.
 * @param within selector of the part that is looked at
 */
export async function violations(page: Page, within = 'body'): Promise<string[]> {
  // Not as a script element, which the page's security policy may forbid.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(await readFile(script, 'utf8'));
  return page.evaluate(async (selector) => {
    const axe: { run(context: string): Promise<AxeResults> } = Reflect.get(window, 'axe');
    const found = await axe.run(selector);
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
  }, within);
}

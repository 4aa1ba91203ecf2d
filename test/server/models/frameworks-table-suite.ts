import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Classification } from '../../../server/src/models/model.ts';
import { differences, type Fixture, GOALS } from './fixtures.ts';
import {
  engineSection,
  figuresOf,
  frameworksTables,
  type Measured,
  withEngineSection,
  withoutFigures,
} from './frameworks-table.ts';

const DOCUMENT = fileURLToPath(new URL('../../../docs/models.md', import.meta.url));

/**
 * Tests that an engine computes for every fixture what its framework does, and that the engine's tables in
 * docs/models.md are of these fixtures and within the goals. With UPDATE=1 it writes them.
 *
 * @param engine as it stands above the tables
 */
export function fixturesSuite(
  engine: string,
  chosen: readonly Fixture[],
  classify: (fixture: Fixture) => Promise<Classification>,
): void {
  describe(`what frameworks compute, by ${engine}`, () => {
    const measured: Measured[] = [];

    it.each(chosen)('$folder/$file', async (fixture) => {
      const found = differences(await classify(fixture), fixture.expected);
      measured.push({ fixture, ...found });
      expect(found.probabilities).toBeLessThan(GOALS.probabilities);
      expect(found.cells).toBeLessThan(GOALS.cells);
    });

    it('is what docs/models.md has in its tables', () => {
      const tables = frameworksTables(engine, measured);
      const text = readFileSync(DOCUMENT, 'utf8');
      if (process.env.UPDATE === '1') writeFileSync(DOCUMENT, withEngineSection(text, engine, tables));
      const written = engineSection(readFileSync(DOCUMENT, 'utf8'), engine);
      expect(withoutFigures(written), 'UPDATE=1 writes the tables anew').toBe(withoutFigures(tables));
      const worst = figuresOf(written);
      expect(worst).toHaveLength(chosen.length);
      for (const { probabilities, cells } of worst) {
        expect(probabilities).toBeLessThan(GOALS.probabilities);
        expect(cells).toBeLessThan(GOALS.cells);
      }
    });
  });
}

import { expect, test } from 'vitest';
import { colourTablesModule } from '../../plugin/colour-tables.ts';
import * as maps from '../../shared/colour/colormaps.ts';

test('the bundle’s own colours are those of the library, every one of every map', async () => {
  const bundled: Record<string, (t: number) => string> = await import(
    /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(colourTablesModule())}`
  );
  const source = new Map(
    Object.entries(bundled).map(([name, map]) => [name.replace('interpolate', '').toLowerCase(), map]),
  );
  source.set('cubehelix', bundled.interpolateCubehelixDefault);
  for (const name of maps.COLORMAPS) {
    const map = source.get(name.toLowerCase());
    const table = maps.colormapTable(name);
    for (let i = 0; i < 256; i++) {
      expect(map?.(i / 255), `${name} at ${i}`).toBe(
        `rgb(${[...(table ?? new Uint8Array(0)).subarray(3 * i, 3 * i + 3)]})`,
      );
    }
  }
});

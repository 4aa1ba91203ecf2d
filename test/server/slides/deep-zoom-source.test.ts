import { describe, expect, test } from 'vitest';
import { emptyPixels } from '../../../server/src/slides/copy-pixels.ts';
import {
  deepZoomKind,
  deepZoomLevels,
  parseDeepZoom,
  tilesUnder,
} from '../../../server/src/slides/deep-zoom-source.ts';

const NAMESPACE = 'http://schemas.microsoft.com/deepzoom/2008';
const descriptor = (attributes: string, size: string, inside = '') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Image xmlns="${NAMESPACE}" ${attributes}>${inside}<Size ${size}/></Image>`;
const WHOLE = descriptor('TileSize="254" Overlap="1" Format="jpg"', 'Width="1000" Height="700"');

describe('descriptors', () => {
  const cases: [string, string][] = [
    ['as libvips writes it', WHOLE],
    ['with a byte order mark and a comment', `\ufeff<!-- <Image TileSize="1"/> -->${WHOLE.replace(/<\?.*\?>/, '')}`],
    [
      'with a prefix, apostrophes and its attributes in another order',
      `<dz:Image Format='jpg' Overlap='1' TileSize='254' xmlns:dz='${NAMESPACE}'><dz:Size Height='700' Width='1000'></dz:Size></dz:Image>`,
    ],
  ];
  test.each(cases)('%s', (_name, text) => {
    expect(deepZoomKind(text)).toBe('image');
    expect(parseDeepZoom(text)).toEqual({ width: 1000, height: 700, tileSize: 254, overlap: 1, format: 'jpg' });
  });

  test('tiles of 32 pixels, and 2^40 pixels in all, are not too many', () => {
    const text = descriptor('TileSize="32" Overlap="0" Format="png"', 'Width="1048576" Height="1048576"');
    expect(parseDeepZoom(text)).toMatchObject({ width: 2 ** 20, height: 2 ** 20, tileSize: 32 });
  });

  const wrong: [string, string][] = [
    [descriptor('TileSize="0" Overlap="1" Format="jpg"', 'Width="9" Height="9"'), 'its TileSize is "0"'],
    [descriptor('TileSize="1" Overlap="0" Format="png"', 'Width="40000" Height="40000"'), 'its TileSize is "1"'],
    [descriptor('TileSize="31" Overlap="0" Format="png"', 'Width="9" Height="9"'), 'its TileSize is "31"'],
    [
      descriptor('TileSize="256" Overlap="0" Format="png"', 'Width="2147483647" Height="2147483647"'),
      'it has 2147483647 x 2147483647 pixels, at most 1099511627776 were expected',
    ],
    [descriptor('TileSize="9999" Overlap="1" Format="jpg"', 'Width="9" Height="9"'), 'from 32 to 4096 was expected'],
    [
      descriptor('TileSize="4096" Overlap="4096" Format="jpg"', 'Width="9" Height="9"'),
      'its tiles have 12288 pixels a side with an Overlap of 4096, at most 4224 were expected',
    ],
    [descriptor('TileSize="256" Overlap="-1" Format="jpg"', 'Width="9" Height="9"'), 'its Overlap is "-1"'],
    [descriptor('TileSize="256" Overlap="0" Format="../x"', 'Width="9" Height="9"'), 'the format "../x"'],
    [descriptor('TileSize="256" Overlap="0"', 'Width="9" Height="9"'), 'the format ""'],
    [
      descriptor('TileSize="256" Overlap="0" Format="png"', 'Width="2147483648" Height="9"'),
      'its Width is "2147483648"',
    ],
    [descriptor('TileSize="256" Overlap="0" Format="png"', 'Width="9"'), 'its Height is nothing'],
    [
      descriptor(
        'TileSize="256" Overlap="0" Format="png"',
        'Width="9" Height="9"',
        '<DisplayRects><DisplayRect MinLevel="1"/></DisplayRects>',
      ),
      'only parts of it exist',
    ],
  ];
  test.each(wrong)('refuses %s', (text, message) => {
    expect(() => parseDeepZoom(text)).toThrow(message);
  });

  test('tells collections from images, and both from other XML', () => {
    expect(deepZoomKind(`<Collection xmlns="${NAMESPACE}" MaxLevel="7"><Items/></Collection>`)).toBe('collection');
    expect(deepZoomKind('<svg xmlns="http://www.w3.org/2000/svg"/>')).toBeNull();
    expect(deepZoomKind('<Image Format="png"/>')).toBeNull();
    expect(deepZoomKind(`<a xmlns="${NAMESPACE}">`)).toBeNull();
  });
});

test('levels go down to the one that is a single tile', () => {
  expect(deepZoomLevels(parseDeepZoom(WHOLE)).map(({ level, width, height }) => [level, width, height])).toEqual([
    [10, 1000, 700],
    [9, 500, 350],
    [8, 250, 175],
  ]);
});

test('regions get each tile once, its own square cut out of its overlap', () => {
  const [full] = deepZoomLevels(parseDeepZoom(WHOLE));
  const regions = [
    emptyPixels({ x: 250, y: 0, width: 10, height: 10 }),
    emptyPixels({ x: 990, y: 690, width: 10, height: 10 }),
    emptyPixels({ x: 254, y: 5, width: 1, height: 1 }),
  ];
  const tiles = tilesUnder(full, regions);
  expect(tiles.map(({ address: { column, row }, regions: under }) => [column, row, under.length])).toEqual([
    [0, 0, 1],
    [1, 0, 2],
    [3, 2, 1],
  ]);
  expect(tiles[1]).toMatchObject({
    address: { level: 10 },
    bounds: { x: 253, y: 0, width: 256, height: 255 },
    own: { x: 254, y: 0, width: 254, height: 254 },
  });
  expect(tiles[2]).toMatchObject({
    bounds: { x: 761, y: 507, width: 239, height: 193 },
    own: { x: 762, y: 508, width: 238, height: 192 },
  });
});

import { parse } from 'node:querystring';
import { describe, expect, test } from 'vitest';
import { noQuery, parseQuery } from '../../../server/src/routes/parameters.ts';
import {
  heatmapOptions,
  heatmapQuery,
  listingQuery,
  paintedTileQuery,
  pictureQuery,
  pointQuery,
  regionQuery,
  scoreTileQuery,
  slidePyramidQuery,
  thumbnailQuery,
  uploadChange,
  uploadQuery,
} from '../../../server/src/routes/query.ts';

const QUALITY = 'quality: expected a whole number from 1 to 100';
const PIXELS = 'size: expected a whole number of pixels from 16 to 4096';
const REGION = 'region: expected x,y,width,height in slide pixels with a width and a height above 0';

describe('one sentence for', () => {
  test.each([
    [slidePyramidQuery, 'quality=1e1', `${QUALITY}, found "1e1"`],
    [slidePyramidQuery, 'quality=0x10', `${QUALITY}, found "0x10"`],
    [slidePyramidQuery, 'quality=085', `${QUALITY}, found "085"`],
    [slidePyramidQuery, 'quality=85.0', `${QUALITY}, found "85.0"`],
    [slidePyramidQuery, 'quality=', `${QUALITY}, found ""`],
    [slidePyramidQuery, 'quality=%2085', `${QUALITY}, found " 85"`],
    [slidePyramidQuery, 'quality=0', `${QUALITY}, found "0"`],
    [slidePyramidQuery, 'quality=80&quality=90', 'quality: expected it once, found ["80","90"]'],
    [slidePyramidQuery, 'format=JPEG', 'format: expected one of jpeg, png, found "JPEG"'],
    [slidePyramidQuery, 'Quality=80', 'query: expected only parameters among quality, format, found "Quality"'],
    [slidePyramidQuery, '__proto__=1', 'query: expected only parameters among quality, format, found "__proto__"'],
    [noQuery, 'filter=a', 'query: expected no parameters, found "filter"'],
    [heatmapQuery, 'overlap=0x2', 'overlap: expected one of 1, 2, 4, found "0x2"'],
    [heatmapQuery, 'overlap=2&overlap=2', 'overlap: expected it once, found ["2","2"]'],
    [heatmapQuery, 'background=class:', 'background: expected none, otsu or class:NAME, found "class:"'],
    [paintedTileQuery, 'opacity=.5', 'opacity: expected a number from 0 to 1, written like 0.5 or 1e-7, found ".5"'],
    [paintedTileQuery, 'opacity=1.5', 'opacity: expected a number from 0 to 1, found "1.5"'],
    [paintedTileQuery, 'opacity=0.5&opacity=0.6', 'opacity: expected it once, found ["0.5","0.6"]'],
    [paintedTileQuery, 'threshold=NaN', 'threshold: expected a number, written like 0.5 or 1e-7, found "NaN"'],
    [paintedTileQuery, 'threshold=1e999', 'threshold: expected a number, written like 0.5 or 1e-7, found "1e999"'],
    [paintedTileQuery, 'gamma=-0', 'gamma: expected a number above 0 and up to 10, found "-0"'],
    [paintedTileQuery, 'top=1e1', 'top: expected a whole number of classes from 1, found "1e1"'],
    [paintedTileQuery, 'top=', 'top: expected a whole number of classes from 1, found ""'],
    [paintedTileQuery, 'range=0,0x1', 'range: expected two numbers low,high with low below high, found "0,0x1"'],
    [paintedTileQuery, 'range=0,1,', 'range: expected two numbers low,high with low below high, found "0,1,"'],
    [paintedTileQuery, 'range=-1e308,1e308', 'range: expected two numbers low,high with low below high, found'],
    [paintedTileQuery, 'opacityByValue=1', 'opacityByValue: expected one of true, false, found "1"'],
    [paintedTileQuery, 'compare=', 'compare: expected the id of a model, found ""'],
    [paintedTileQuery, 'compare=a&compare=b', 'compare: expected it once, found ["a","b"]'],
    [paintedTileQuery, 'colormap=a&colormap=b', 'colormap: expected it once, found ["a","b"]'],
    [paintedTileQuery, 'opactiy=0.3', 'query: expected only parameters among overlap, background, score, wait, v,'],
    [paintedTileQuery, 'classes=1', 'found "classes"'],
    [scoreTileQuery, 'wait=1e1', undefined],
    [scoreTileQuery, 'wait=11', 'wait: expected seconds from 0 to 10, found "11"'],
    [scoreTileQuery, 'classes=0,01', 'classes: expected at most 32 class numbers separated by commas'],
    [scoreTileQuery, 'classes=0,', 'classes: expected at most 32 class numbers separated by commas'],
    [scoreTileQuery, 'classes=1e0', 'classes: expected at most 32 class numbers separated by commas'],
    [scoreTileQuery, 'class=a', 'found "class"'],
    [pictureQuery, 'size=2e3', `${PIXELS}, found "2e3"`],
    [pictureQuery, 'alone=perhaps', 'alone: expected one of true, false, found "perhaps"'],
    [pictureQuery, 'color=red', 'color.0: expected #rrggbb, found "red"'],
    [pictureQuery, 'compare=a', 'compare: expected none, as a picture is of one model, found "a"'],
    [regionQuery, 'region=0,0,1', `${REGION}, found "0,0,1"`],
    [regionQuery, 'region=0,%200,1,1', `${REGION}, found "0, 0,1,1"`],
    [regionQuery, 'region=0,0,1e300,1', `${REGION}, found "0,0,1e300,1"`],
    [
      regionQuery,
      'regoin=0,0,1,1',
      'query: expected only parameters among overlap, background, region, found "regoin"',
    ],
    [pointQuery, 'x=1&x=2&y=3', 'x: expected it once, found ["1","2"]'],
    [pointQuery, 'x=0x1&y=3', 'x: expected slide pixels, written like 0.5 or 1e-7, found "0x1"'],
    [listingQuery, 'limit=1e2', 'limit: expected a whole number from 1 to 1000, found "1e2"'],
    [listingQuery, 'filter=a&filter=b', 'filter: expected it once, found ["a","b"]'],
    [listingQuery, 'filter=&after=', undefined],
    [thumbnailQuery, 'size=1e2', 'size: expected a whole number of pixels from 1 to 2048, found "1e2"'],
    [uploadQuery, 'mpp=1e-1', undefined],
    [uploadQuery, 'name=', 'name: expected the name of a file, found ""'],
    [uploadQuery, 'name=a&name=b', 'name: expected the name of a file, once, found ["a","b"]'],
    [uploadQuery, `name=${'n'.repeat(5000)}`, `of at most 255 characters, found "${'n'.repeat(79)}...`],
    [uploadChange, 'name=a&mpp=1', 'query: expected only parameters among mpp, found "name"'],
  ])('%#: %o %s', (schema, query, message) => {
    if (message === undefined) parseQuery(schema, parse(query));
    else expect(() => parseQuery(schema, parse(query))).toThrow(message);
  });
});

test('what a query says', () => {
  const said = parseQuery(
    paintedTileQuery,
    parse('overlap=2&background=class:A&class=a&class=b&range=-1e-7,2&opacityByValue=true&threshold=-0.5&top=3'),
  );
  expect(said).toEqual({
    ...{ overlap: 2, background: { class: 'A' }, class: ['a', 'b'], range: [-1e-7, 2] },
    ...{ opacityByValue: true, threshold: -0.5, top: 3 },
  });
  expect(heatmapOptions(said)).toEqual({ overlap: 2, background: { class: 'A' } });
  expect(heatmapOptions(parseQuery(heatmapQuery, parse('background=none')))).toEqual({ background: null });
});

// @vitest-environment node
import { expect, test } from 'vitest';
import { readEmbedQuery } from '../../demo/page/embed/embed-query.ts';

test.each([
  ['visible=perhaps', 'visible: expected true or false, found "perhaps"'],
  ['top=0', 'top: expected a whole number from 1, found "0"'],
  ['top=1e1', 'top: expected a whole number from 1, found "1e1"'],
  ['opacity=0x1', 'opacity: expected a number, found "0x1"'],
  ['opacity=', 'opacity: expected a number, found ""'],
  ['threshold=Infinity', 'threshold: expected a number, found "Infinity"'],
  ['range=0,', 'range: expected a number, found ""'],
  ['view=0,0,0x10,5', 'view: expected x,y,width,height in slide pixels, found 0,0,0x10,5'],
  ['view=0,0,1', 'view: expected x,y,width,height in slide pixels'],
  ['theme=pink', 'theme: expected one of system, light, dark, found pink'],
  ['opactiy=1', 'opactiy: expected one of slide, model, view, theme, panel, navigator, classes, top,'],
  ['compareWith=a', 'compareWith: expected one of'],
  ['model=a&model=b', 'model: expected it once, found 2'],
])('%s is told: %s', (query, message) => {
  expect(() => readEmbedQuery(new URLSearchParams(query))).toThrow(message);
});

test('what an address says', () => {
  const query = readEmbedQuery(
    new URLSearchParams(
      'slide=a&model=b&view=0,0,1.5,2&panel=closed&top=3&opacity=.5&visible=no&predictions&gamma=1e-1',
    ),
  );
  expect(query).toMatchObject({ slide: 'a', model: 'b', view: { x: 0, y: 0, width: 1.5, height: 2 }, navigator: true });
  expect(query.options).toEqual({
    ...{ top: 3, opacity: 0.5, visible: false, predictions: true, gamma: 0.1 },
    ...{ showControl: true, controlCollapsed: true },
  });
});

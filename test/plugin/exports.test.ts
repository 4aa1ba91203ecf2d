import { expect, test } from 'vitest';

test('the plugin can be imported without a browser and exports this', async () => {
  expect(Object.keys(await import('../../plugin/src/index.ts')).sort()).toEqual([
    'CamOverlay',
    'registerCam',
    'setLanguage',
  ]);
});

test('without OpenSeadragon it says what to do', async () => {
  const { CamOverlay } = await import('../../plugin/src/index.ts');
  expect(() => Reflect.construct(CamOverlay, [{}, { heatmap: 'x.json' }])).toThrow(
    /call registerCam\(OpenSeadragon\) first/,
  );
});

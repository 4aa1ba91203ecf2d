import { classColour } from '../../shared/colour/palette.ts';
import { maxLevel } from '../../shared/geometry/deep-zoom.ts';
import { patchGrid } from '../../shared/geometry/patch-grid.ts';
import type { HeatmapDescriptor, Method } from '../../shared/heatmap-descriptor.ts';

/** A made-up heatmap of 2000 x 1400 pixels: patches of 64 with 8 x 8 cells, and a remainder. */
export function describeHeatmap(classes: number, method: Method = 'cam'): HeatmapDescriptor {
  const slide = { width: 2000, height: 1400 };
  const grid = patchGrid(slide, { patchWidth: 64, patchHeight: 64, cellRows: 8, cellColumns: 8 }, 1);
  return {
    slide: 'slide',
    model: `model${classes}`,
    title: `Tissue, ${classes} classes`,
    ...slide,
    mpp: 0.5,
    tileSize: 256,
    overlap: 1,
    maxLevel: maxLevel(slide),
    strides: new Array(maxLevel(slide) + 1).fill(1),
    method,
    activation: 'softmax',
    engine: 'none',
    classes: Array.from({ length: classes }, (_, i) => ({ name: className(i), color: classColour(i) })),
    grid,
    scores: method === 'cam' ? ['probability', 'cam', 'patch'] : ['cam', 'patch'],
    encodings: {
      probability: { dtype: '|u1', one: 255 },
      cam: { dtype: '<f2', one: 1 },
      patch: { dtype: '|u1', one: 255 },
    },
    fingerprint: 'f1',
    classOrder: null,
    tiles: `model${classes}_files/`,
    options: { overlap: 1, background: null },
    levelMode: false,
    storeProblem: null,
    analysis: {
      state: 'none',
      region: null,
      patches: { known: 0, total: 651 },
      missing: 651,
      patchesPerSecond: null,
      seconds: null,
    },
    warnings: [],
  };
}

/** Another model's heatmap of the same slide: patches of 100 with one cell, and spots at other places. */
export function describeOther(classes: number, size = { width: 2000, height: 1400 }): HeatmapDescriptor {
  const model = `other${classes}`;
  const grid = patchGrid(size, { patchWidth: 100, patchHeight: 100, cellRows: 1, cellColumns: 1 }, 1);
  return { ...describeHeatmap(classes), ...size, model, title: 'Other model', grid, tiles: `${model}_files/` };
}

/** The heatmap of a model by its name; `other0` is of another slide. */
export function describeModel(model: string, method: Method): HeatmapDescriptor {
  const classes = Number(/\d+$/.exec(model)?.[0]);
  if (model === 'other0') return describeOther(4, { width: 1000, height: 700 });
  return model.startsWith('other') ? describeOther(classes) : describeHeatmap(classes, method);
}

const NAMES = ['Lesion', 'Gray matter', 'White matter', 'Blank'];
const className = (index: number) => NAMES[index] ?? `class ${index}`;

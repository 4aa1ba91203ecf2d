import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { temporaryFolder } from './command-line.ts';
import { paintSlide } from './painted-slides.ts';

export interface SmallCatalogue {
  /** Holds all the others. */
  root: string;
  slides: string;
  models: string;
  store: string;
}

const demoModel = fileURLToPath(new URL('../demo/model.h5', import.meta.url));

/** What the slide `tissue.tif` is painted with. */
export const TISSUE_SLIDE = { seed: 5, width: 2000, height: 1300 };

/** The demo model and its manifest. */
export const demoModelFiles = { model: demoModel, manifest: demoModel.replace('.h5', '.manifest.json') };

/**
 * Folders with a slide of stained tissue, 2,000 x 1,300 pixels, and the demo model, beside files with a fault each:
 * slides `cut.png`, `text.png` and `tiny.png`, models `cut.h5`, `text.onnx`, `json.h5` (its manifest is no JSON) and
 * `names.h5` (its manifest names too many classes).
 */
export async function smallCatalogue(): Promise<SmallCatalogue> {
  const root = await temporaryFolder();
  const [slides, models, store] = ['slides', 'models', 'store'].map((name) => join(root, name));
  await mkdir(join(slides, 'brain'), { recursive: true });
  await mkdir(models);
  await paintSlide(join(slides, 'tissue.tif'), TISSUE_SLIDE);
  await sharp(join(slides, 'tissue.tif'))
    .extract({ left: 100, top: 50, width: 700, height: 500 })
    .toFile(join(slides, 'brain/piece.png'));
  await sharp(join(slides, 'tissue.tif')).resize(40, 30).toFile(join(slides, 'tiny.png'));
  await copyFile(join(slides, 'brain/piece.png'), join(slides, 'cut.png'));
  await truncate(join(slides, 'cut.png'), 100_000);
  await writeFile(join(slides, 'text.png'), 'no image at all');

  await copyFile(demoModelFiles.model, join(models, 'tissue.h5'));
  const { golden: _golden, ...manifest } = JSON.parse(await readFile(demoModelFiles.manifest, 'utf8'));
  await writeFile(join(models, 'tissue.manifest.json'), JSON.stringify(manifest));
  await copyFile(demoModelFiles.model, join(models, 'cut.h5'));
  await truncate(join(models, 'cut.h5'), 30_000);
  await writeFile(join(models, 'text.onnx'), 'no network at all');
  await copyFile(demoModelFiles.model, join(models, 'json.h5'));
  await writeFile(join(models, 'json.manifest.json'), '{ "classes": [');
  await copyFile(demoModelFiles.model, join(models, 'names.h5'));
  const classes = [...manifest.classes, 'one too many'];
  await writeFile(join(models, 'names.manifest.json'), JSON.stringify({ classes }));
  return { root, slides, models, store };
}

import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEMO_SLIDE, generateDemoSlide } from '../../../demo/slide/generate.ts';
import { prepareStore } from '../store/prepare-store.ts';
import { untilInterrupted } from './interrupted.ts';
import { progressLine } from './progress-line.ts';
import { DEFAULT_UPLOAD_MEGABYTES, run } from './serve.ts';

/** Raised when the generator draws otherwise, so that the slide is made anew. */
const GENERATOR_VERSION = 1;

/** The page's files lie beside the built command line, the model among them. */
const modelFolder = fileURLToPath(new URL('./demo/models/', import.meta.url));

/**
 * Serves the generated slide with the demo model and analyses all of it; the slide is made at the first run. Images can be
 * added unless `uploads` says otherwise.
 * @throws Problem where the store cannot be written or the port is in use
 */
export async function demo({ port, store, uploads }: { port: number; store: string; uploads: boolean }): Promise<void> {
  await prepareStore(store);
  const slides = join(
    store,
    'demo',
    `slides-${GENERATOR_VERSION}-${DEMO_SLIDE.seed}-${DEMO_SLIDE.width}x${DEMO_SLIDE.height}`,
  );
  const file = join(slides, 'stained-tissue.tif');
  if (!(await exists(file))) {
    await mkdir(slides, { recursive: true });
    const progress = progressLine();
    console.error('openseadragon-cam: drawing the demo slide, once');
    await untilInterrupted((signal) =>
      generateDemoSlide(file, {
        ...DEMO_SLIDE,
        signal,
        onProgress: (done) => progress.show('drawing the demo slide', done),
      }),
    );
    progress.clear();
  }
  const address = await run({
    ...{ slides, models: modelFolder, store, host: '127.0.0.1', port, cors: [] },
    uploadBytes: uploads ? DEFAULT_UPLOAD_MEGABYTES * 1e6 : undefined,
  });
  // The rest of the slide, behind what somebody looks at: a few seconds for so small a model.
  await fetch(new URL('heatmaps/stained-tissue.tif/tissue.h5/analysis', address), { method: 'POST' });
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

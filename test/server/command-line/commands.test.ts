import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../command-line.ts';
import { demoModelFiles, type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';
import { useCommands } from '../../use-commands.ts';

const inTurn = useCommands();
let catalogue: SmallCatalogue;
let slide: string;
let model: string;
beforeAll(async () => {
  catalogue = await smallCatalogue();
  slide = join(catalogue.slides, 'tissue.tif');
  model = join(catalogue.models, 'tissue.h5');
});
afterAll(() => rm(catalogue.root, { recursive: true, force: true }));

/** Runs a command that must succeed, with nothing to warn of; its output. */
async function run(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await inTurn(...words);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('analyze --json prints one document with the exact breakdown', async () => {
  const { stdout } = await runCommand('analyze', slide, model, '--store', catalogue.store, '--json');
  const found = JSON.parse(stdout);
  expect(found).toMatchObject({ slide, model, patches: { known: 150, total: 150 }, exact: true });
  expect(found.seconds).toBeGreaterThan(0);
  const sum = found.breakdown.reduce((total: number, share: { probability: number }) => total + share.probability, 0);
  expect(sum).toBeCloseTo(1, 5);
  for (const { probability, low, high } of found.breakdown) expect([low, high]).toEqual([probability, probability]);
});

test('analyze --region classifies only the patches that it touches', async () => {
  const region = '256,256,300,100';
  const found = JSON.parse(
    await run('analyze', slide, model, '--store', catalogue.store, '--json', '--region', region),
  );
  expect(found).toMatchObject({ patches: { known: 3, total: 3 }, exact: true, of: 'region' });
});

test('analyze of a PNG, which is turned into a pyramid in the store first, gives the same as of a TIFF of its pixels', async () => {
  const png = join(catalogue.slides, 'brain/piece.png');
  const tiff = join(catalogue.root, 'piece.tif');
  await sharp(png).tiff({ tile: true, compression: 'none' }).toFile(tiff);
  const [fromPng, fromTiff] = await Promise.all(
    [png, tiff].map(async (file) => {
      // The model asks for a resolution, which only one of the files may have kept.
      const { stdout } = await runCommand('analyze', file, model, '--store', catalogue.store, '--mpp', '0.5', '--json');
      return JSON.parse(stdout);
    }),
  );
  expect(fromPng.breakdown).toEqual(fromTiff.breakdown);
  expect(await readdir(join(catalogue.store, 'slides'))).toHaveLength(1);
});

test('analyze of a slide that does not say its resolution names what helps, and takes it', async () => {
  const file = join(catalogue.root, 'photograph.png');
  await sharp(join(catalogue.slides, 'brain/piece.png')).withMetadata({ density: 72 }).toFile(file);
  const analyze = (...options: string[]) => inTurn('analyze', file, model, '--store', catalogue.store, ...options);
  const refused = await analyze();
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain(
    `${file}: expected its microns per pixel, for ${model} was trained at 0.5, found none;`,
  );
  expect(refused.stderr).toContain(`give them with --mpp or in ${file}.json, as {"mpp": 0.5}`);
  expect((await analyze('--mpp', '0.25')).status).toBe(0);
  const coarse = await analyze('--mpp', '0.6');
  expect(coarse.stderr).toContain('expected at most 0.525 microns per pixel');
  await writeFile(`${file}.json`, '{ "title": "A photograph", "mpp": 0.5 }');
  expect((await analyze()).status).toBe(0);
  const inspected = JSON.parse(await run('inspect', file, '--json'));
  expect(inspected).toMatchObject({ title: 'A photograph', mpp: 0.5 });
});

describe('render', () => {
  test.each([
    ['.png', 'png'],
    ['.jpg', 'jpeg'],
    ['.webp', 'webp'],
    ['.tif', 'tiff'],
  ])('to %s', async (ending, format) => {
    const folder = join(catalogue.root, `render${ending}`);
    await mkdir(folder);
    const file = join(folder, `out${ending}`);
    const output = await run(
      'render',
      slide,
      model,
      '--top',
      '3',
      '--scale',
      '0.5',
      '--store',
      catalogue.store,
      '-o',
      file,
    );
    expect(output).toContain('mean probability over 150 of 150 patches');
    expect(await sharp(file).metadata()).toMatchObject({ format, width: 1000, height: 650 });
    // Nothing else is left behind.
    expect(await readdir(folder)).toEqual([`out${ending}`]);
  });

  test('where the model is unsure, and the class that leads', async () => {
    const picture = async (...options: string[]) => {
      const file = join(catalogue.root, 'mode.png');
      const given = ['--scale', '0.25', '--store', catalogue.store, '-o', file];
      await run('render', slide, model, ...options, ...given);
      return sharp(file).raw().toBuffer();
    };
    const pictures = [
      await picture('--mode', 'entropy'),
      await picture('--mode', 'entropy', '--colormap', '#000000,#ffffff', '--gamma', '0.5', '--opacity-by-value'),
      await picture('--top', '3'),
      await picture('--top', '3', '--mode', 'argmax'),
    ];
    for (const [i, one] of pictures.entries())
      for (const other of pictures.slice(i + 1)) expect(one.equals(other)).toBe(false);
    const store = ['--store', catalogue.store, '-o', join(catalogue.root, 'mode.png')];
    expect((await inTurn('render', slide, model, '--mode', 'argmax', ...store)).stderr).toContain('--mode entropy');
    expect((await inTurn('render', slide, model, '--mode', 'entropy', '--top', '2', ...store)).stderr).toContain(
      'expected all classes for entropy',
    );
  });

  test('--compare shows what a class of one model has before that of another, with --legend beneath', async () => {
    const { golden: _golden, ...manifest } = JSON.parse(await readFile(demoModelFiles.manifest, 'utf8'));
    const [first, ...rest] = manifest.classes;
    const coarse = join(catalogue.models, 'coarse.h5');
    await copyFile(demoModelFiles.model, coarse);
    const written = { ...manifest, classes: [{ ...first, name: 'Größe & <b>' }, ...rest], resolution: { mpp: 1 } };
    await writeFile(join(catalogue.models, 'coarse.manifest.json'), JSON.stringify(written));
    const picture = async (other: string, ...options: string[]) => {
      const file = join(catalogue.root, 'compared.png');
      const given = ['--scale', '0.25', '--opacity', '1', '--store', catalogue.store, '-o', file];
      const said = await run('render', slide, model, '--compare', other, ...options, ...given);
      const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
      return { said, data, info, xmp: (await sharp(file).metadata()).xmp?.toString() };
    };
    const greys = ['--colormap', '#000000,#ffffff'];
    const own = await picture(model, '--class', 'Stroma', ...greys);
    const covered = (data: Uint8Array) => data.subarray(0, 3 * 100);
    // A model minus itself is the middle.
    expect(new Set(covered(own.data))).toEqual(new Set([128]));

    const compared = await picture(coarse, '--class', first.name, '--class', 'Größe & <b>', ...greys, '--legend');
    expect(compared.said).toMatch(
      /tissue:\n[\s\S]*of 150 patches[\s\S]*coarse:\n[\s\S]*Größe & <b>[\s\S]*of 35 patches/,
    );
    expect(compared.said).toContain('-1 (coarse higher) to +1 (tissue higher)');
    expect(compared.xmp).toContain(`>tissue minus coarse on tissue.tif<`);
    expect(compared.xmp).toContain(`difference: ${first.name} minus Größe &amp; &lt;b&gt;; probability -1 to 1`);
    const plain = await picture(coarse, '--class', first.name, '--class', 'Größe & <b>', ...greys);
    expect(plain.info).toMatchObject({ width: 500, height: 325 });
    const size = 500 * 325 * plain.info.channels;
    expect(compared.data.subarray(0, size).equals(plain.data)).toBe(true);
    const legend = compared.data.subarray(size);
    // Letters and the dark end of the scale on white.
    expect(legend.filter((byte) => byte === 255).length).toBeGreaterThan(0.6 * legend.length);
    expect(legend.filter((byte) => byte < 40).length).toBeGreaterThan(1000);
    expect(new Set(plain.data.subarray(0, 3 * 500 * 300)).size).toBeGreaterThan(100);
  });

  test('at opacity 0 is the slide, pixel for pixel; the remainder always is', async () => {
    const file = join(catalogue.root, 'transparent.png');
    const words = ['render', slide, model, '--class', 'Stroma', '--store', catalogue.store];
    await run(...words, '--opacity', '0', '-o', file);
    const original = await sharp(slide).raw().toBuffer();
    expect((await sharp(file).removeAlpha().raw().toBuffer()).equals(original)).toBe(true);
    await run(...words, '--opacity', '1', '-o', file);
    const remainder = { left: 1920, top: 0, width: 80, height: 1300 };
    const piece = (image: string) => sharp(image).extract(remainder).removeAlpha().raw().toBuffer();
    expect((await piece(file)).equals(await piece(slide))).toBe(true);
  });

  test('--range stretches the colours over the scores that there are', async () => {
    const files = ['wide.png', 'narrow.png'].map((name) => join(catalogue.root, name));
    const words = ['render', slide, model, '--class', 'Stroma', '--score', 'cam', '--opacity', '1', '--scale', '0.25'];
    await run(...words, '--range=-1000,1000', '--store', catalogue.store, '-o', files[0]);
    await run(...words, '--range=-5,5', '--store', catalogue.store, '-o', files[1]);
    const colours = async (file: string) => {
      const pixels = await sharp(file)
        .extract({ left: 0, top: 0, width: 480, height: 320 })
        .removeAlpha()
        .raw()
        .toBuffer();
      return new Set(Array.from({ length: pixels.length / 3 }, (_, i) => pixels.readUIntBE(3 * i, 3))).size;
    };
    // Every score lies in the middle of the wide range, so that the picture is nearly of one colour.
    const [wide, narrow] = await Promise.all(files.map(colours));
    expect(wide).toBeLessThan(20);
    expect(narrow).toBeGreaterThan(100);
  });

  test('--predictions writes on the patches', async () => {
    const files = ['plain.png', 'written.png'].map((name) => join(catalogue.root, name));
    const words = ['render', slide, model, '--class', 'Stroma', '--opacity', '0', '--store', catalogue.store];
    await run(...words, '-o', files[0]);
    await run(...words, '--predictions', '-o', files[1]);
    const [plain, written] = await Promise.all(files.map((file) => sharp(file).raw().toBuffer()));
    let changed = 0;
    for (let i = 0; i < plain.length; i++) if (plain[i] !== written[i]) changed++;
    expect(changed).toBeGreaterThan(10_000);
  });
});

describe('inspect', () => {
  test('of a slide', async () => {
    const found = JSON.parse(await run('inspect', slide, '--json'));
    expect(found).toMatchObject({ kind: 'slide', format: 'TIFF', width: 2000, height: 1300, mpp: 0.5 });
    expect(await run('inspect', slide)).toContain('2000 x 1300 pixels');
  });

  test('of a model', async () => {
    const text = await run('inspect', model);
    for (const words of ['Keras', 'CAM layer', 'Stroma', '128 x 128', 'load check', 'GlobalAveragePooling2D']) {
      expect(text).toContain(words);
    }
  });

  test('of a model with a patch: the mean of its cells is its logit', async () => {
    const patch = join(catalogue.root, 'patch.png');
    await sharp(slide).extract({ left: 512, top: 512, width: 128, height: 128 }).toFile(patch);
    const { patch: found, classes } = JSON.parse(await run('inspect', model, '--patch', patch, '--json'));
    const [rows, columns, count] = found.cells.shape;
    expect(count).toBe(classes.length);
    expect(found.cells.data).toHaveLength(rows * columns * count);
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let i = c; i < found.cells.data.length; i += count) sum += found.cells.data[i];
      expect(sum / (rows * columns)).toBeCloseTo(found.logits[c], 3);
    }
  });
});

describe('inspect --write-manifest', () => {
  test('writes what the model is then read with, and never over one that is there', async () => {
    const bare = join(catalogue.root, 'bare.h5');
    const manifest = join(catalogue.root, 'bare.manifest.json');
    await copyFile(demoModelFiles.model, bare);
    const first = await run('inspect', bare, '--write-manifest');
    expect(first).toContain(`written: ${manifest}`);
    const text = await readFile(manifest, 'utf8');
    expect(text.split('\n').length).toBeLessThan(20);
    const before = JSON.parse((await inTurn('inspect', model, '--json')).stdout);
    const { warnings, fingerprint, manifest: path } = JSON.parse(await run('inspect', bare, '--json'));
    expect({ warnings, path }).toEqual({ warnings: [], path: undefined });
    expect(JSON.parse(text)).toMatchObject({
      preprocessing: { channelOrder: 'rgb', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
      activation: before.activation,
      camLayer: before.camLayer,
    });
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    const again = await inTurn('inspect', bare, '--write-manifest');
    expect(again).toMatchObject({ status: 1, stdout: '' });
    expect(again.stderr).toContain('bare.manifest.json, found one that is there already');
    expect(await readFile(manifest, 'utf8')).toBe(text);
  });
});

test.each(['onnxruntime', 'onnxruntime-float32'])('inspect --engine %s says the full name', async (engine) => {
  expect(JSON.parse(await run('inspect', model, '--engine', engine, '--json')).engine).toBe('onnxruntime-float32');
});

test.each(['demo', 'serve', 'analyze', 'render', 'inspect'])('%s --help explains every option', async (command) => {
  const help = await run(command, '--help');
  expect(help).toContain('Usage:');
  for (const line of help.split('\n').filter((row) => row.trim().startsWith('--'))) {
    expect(line.trim()).toMatch(/\s{2,}\S/);
  }
});

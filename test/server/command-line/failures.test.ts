import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../command-line.ts';
import { demoModelFiles, type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';
import { useCommands } from '../../use-commands.ts';

const run = useCommands();
let catalogue: SmallCatalogue;
beforeAll(async () => {
  catalogue = await smallCatalogue();
  await writeFile(join(catalogue.root, 'config.json'), '{ "slides": 5 }');
  await mkdir(join(catalogue.root, 'empty'));
  const tall = { width: 256, height: 16_380, channels: 3, background: '#dcb' } as const;
  await sharp({ create: tall }).toFile(join(catalogue.root, 'tall.png'));
  const manifests = { units: { resolution: { mpp: 0.0005 } }, other: { activation: 'sigmoid' } };
  for (const [name, manifest] of Object.entries(manifests)) {
    await copyFile(demoModelFiles.model, join(catalogue.models, `${name}.h5`));
    await writeFile(join(catalogue.models, `${name}.manifest.json`), JSON.stringify(manifest));
  }
  await writeFile(join(catalogue.models, 'archive.keras'), 'PK');
});
afterAll(() => rm(catalogue.root, { recursive: true, force: true }));

/** Words of a command line with the catalogue's files in the place of `S:name`, `M:name` and `R:name`. */
function expand(line: string): string[] {
  const folders = { S: catalogue.slides, M: catalogue.models, R: catalogue.root };
  return line
    .split(' ')
    .map((word) =>
      word.replace(/^([SMR]):(.*)$/, (_, folder: keyof typeof folders, name: string) => join(folders[folder], name)),
    );
}

describe('each failure is one clear line on stderr, nothing on stdout, and the exit status says its kind', () => {
  test.each([
    // A file is at fault.
    ['analyze S:none.tif M:tissue.h5', 1, 'none.tif'],
    ['analyze S:text.png M:tissue.h5', 1, 'text.png'],
    ['analyze S:cut.png M:tissue.h5', 1, 'cut.png'],
    ['analyze S:tiny.png M:tissue.h5', 1, '40 x 30'],
    ['analyze S: M:tissue.h5', 1, 'slide'],
    ['analyze S:tissue.tif M:none.h5', 1, 'none.h5'],
    ['analyze S:tissue.tif M:cut.h5', 1, 'cut.h5'],
    ['analyze S:tissue.tif M:text.onnx', 1, 'text.onnx'],
    ['analyze S:tissue.tif M:json.h5 --json', 1, 'json.manifest.json'],
    ['analyze S:tissue.tif M:names.h5', 1, 'names.manifest.json'],
    ['inspect S:none.tif', 1, 'none.tif: expected a slide or a model, found no such file'],
    ['inspect M:none --patch S:tiny.png', 1, 'none: expected a slide or a model, found no such file'],
    ['inspect M:none.h5 --patch S:tiny.png', 1, 'none.h5: expected a slide or a model, found no such file'],
    ['inspect M:cut.h5 --json', 1, 'cut.h5'],
    ['inspect M:tissue.h5 --patch S:text.png', 1, 'text.png'],
    ['render S:tissue.tif M:names.h5 --top 2 -o R:out.png', 1, 'names.manifest.json'],
    ['serve --slides R:none --models R:models --port 0', 1, 'none'],
    ['serve --slides R:slides --models R:models --port 0 --store R:config.json', 1, '--store'],
    ['analyze S:tissue.tif M:tissue.h5 --store /proc/store', 1, '/proc/store'],
    ['analyze S:tissue.tif M:units.h5', 1, 'microns per pixel'],
    ['analyze S:tissue.tif M:other.h5', 1, 'softmax'],
    ['inspect M:archive.keras', 1, 'not a complete Keras archive'],
    // The command line is at fault.
    ['analyze', 2, "missing required argument 'slide'"],
    ['analyse S:tissue.tif M:tissue.h5', 2, 'analyze'],
    ['analyze S:tissue.tif M:tissue.h5 --region 1,2,3', 2, 'x,y,w,h'],
    ['analyze S:tissue.tif M:tissue.h5 --region 9000,9000,5,5', 2, '2000 x 1300'],
    ['inspect S:tissue.tif --patch S:tiny.png', 2, '--patch'],
    ['inspect S:tissue.tif --write-manifest', 2, '--write-manifest'],
    ['inspect S:tissue.tif --engine onnxruntime', 2, '--engine'],
    ['inspect M:tissue.h5 --engine abacus', 2, 'engine: expected onnxruntime-float32'],
    ['serve --slides R:slides --models R:models --port 0 --engine abacus', 2, "found 'abacus'"],
    ['analyze S:tissue.tif M:tissue.h5 --engine abacus', 2, "found 'abacus'"],
    ['inspect M:tissue.h5 --patch S:tiny.png', 2, '128 x 128'],
    ['render S:tissue.tif M:tissue.h5 --class Nothing -o R:out.png', 2, 'Stroma'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --opacity 2 -o R:out.png', 2, '0 to 1'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --range 1,0 -o R:out.png', 2, 'low below high'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --range 5 -o R:out.png', 2, 'low below high'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --engine abacus -o R:out.png', 2, "found 'abacus'"],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --colormap plaid -o R:out.png', 2, 'viridis'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --score sum -o R:out.png', 2, 'probability, cam, patch'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --top 2 -o R:out.png', 2, '--top'],
    ['render S:tissue.tif M:tissue.h5 -o R:out.png', 2, '--class'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma --class Tumour -o R:out.png', 2, 'once'],
    ['render S:tissue.tif M:tissue.h5 --compare M:tissue.h5 -o R:out.png', 2, '--compare: expected --class'],
    ['render S:tissue.tif M:tissue.h5 --compare M:none.h5 --class Stroma -o R:out.png', 1, 'none.h5'],
    ['render S:tissue.tif M:tissue.h5 --compare M:tissue.h5 --class Fat -o R:out.png', 2, 'expected one of Tumour'],
    ['render S:tissue.tif M:tissue.h5 --compare M:tissue.h5 --class Stroma --top 2 -o R:out.png', 2, '--top'],
    ['render S:tissue.tif M:tissue.h5 --top 2 --colormap magma -o R:out.png', 2, '--colormap'],
    ['render S:tissue.tif M:tissue.h5 --top 2 --predictions --scale 0.1 -o R:out.png', 2, '13 x 13'],
    ['render R:tall.png M:tissue.h5 --mpp 0.5 --top 2 --legend -o R:out.webp', 1, 'its legend included; TIFF holds it'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma -o R:out.gif', 2, '.png'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma -o R:nowhere/out.png', 2, 'nowhere'],
    ['render S:tissue.tif M:tissue.h5 --class Stroma -o S:tissue.tif', 2, 'tissue.tif'],
    ['serve --models R:models', 2, '--slides'],
    ['serve --slides R:slides --models R:models --port 70000', 2, '65535'],
    ['serve --slides R:slides --models R:models --port 0x1F90', 2, '65535'],
    ['serve --slides R:slides --models R:models --port 0 --store-size Infinity', 2, 'gigabytes above 0'],
    ['serve --slides R:slides --models R:models --port 0 --cors viewer', 2, '--cors'],
    ['serve --slides R:slides --models R:models --port 0 --embed *', 2, '--embed: expected an origin'],
    ['serve --config R:config.json', 2, 'slides'],
    ['serve --config R:none.json', 2, 'none.json'],
  ])('%s', async (line, status, words) => {
    const parts = expand(line);
    const store = ['analyze', 'render', 'serve'].includes(parts[0]) && parts.length > 1 && !parts.includes('--store');
    const result = await run(...parts, ...(store ? ['--store', catalogue.store] : []));
    expect(result.stderr).toContain(words);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result).toMatchObject({ status, stdout: '' });
  });
});

test.each([
  ['analyze S:none.tif M:tissue.h5 --store R:store', 1],
  ['inspect M:tissue.h5 --engine abacus', 2],
])('a process of its own ends with the status, too: %s', async (line, status) => {
  const result = await runCommand(...expand(line));
  expect(result).toEqual({ ...(await run(...expand(line))), status });
});

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { root } from '../repository/sources.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const require = createRequire(import.meta.url);

/** The repository's own compiler, and an older one, which many still have and which knows the oldest way to find a package. */
const compilers = {
  newest: require.resolve('typescript/package.json'),
  older: createRequire(require.resolve('@arethetypeswrong/core')).resolve('typescript/package.json'),
};

/** A page of somebody else, which says of every line that is wrong that it is. */
const PAGE = `
import OpenSeadragon from 'openseadragon';
import { type CamChanges, CamOverlay, type CamOptions, type CamSettings, registerCam, setLanguage } from 'openseadragon-cam';
import { german } from 'openseadragon-cam/de';
import { type CamViewer, registerCamViewer } from 'openseadragon-cam/element';

registerCam(OpenSeadragon);
setLanguage(OpenSeadragon, german);
setLanguage(OpenSeadragon, { Opacity: 'Strength' });
// @ts-expect-error there is no such word
setLanguage(OpenSeadragon, { Opacities: 'Strength' });

const viewer = OpenSeadragon({ id: 'viewer' });
const options: CamOptions = {
  heatmap: '/heatmaps/brain.tif/tissue.h5.json',
  classes: ['Lesion'],
  mode: 'argmax',
  top: 4,
  colormap: ['#000000', [0.2, '#ff8800'], '#ffffff'],
  classColors: { Lesion: '#d62728' },
  threshold: null,
  theme: 'dark',
};
const cam: CamOverlay = viewer.cam(options);
const second = new CamOverlay(viewer, { ...options, colormap: (place) => [255 * place, 0, 0] });
// @ts-expect-error the address is missing
viewer.cam({ classes: ['Lesion'] });
// @ts-expect-error no such mode
new CamOverlay(viewer, { ...options, mode: 'brightest' });
// @ts-expect-error no such option
viewer.cam({ ...options, opacitiy: 0.5 });

export async function use(): Promise<CamSettings> {
  await cam.ready;
  const changes: CamChanges = { opacity: 0.5, colormap: { Lesion: '#ff0000' }, range: [0, 0.5] };
  await cam.setOptions(changes);
  // @ts-expect-error a number
  await cam.setOptions({ opacity: 'half' });
  // @ts-expect-error not after it is made
  await cam.setOptions({ heatmap: '/other.json' });
  const { breakdown, exact } = await cam.getBreakdown({ x: 0, y: 0, width: 10, height: 10 });
  const shares: (number | null)[] = breakdown.map(({ probability }) => probability);
  const blob: Blob = await cam.exportBreakdown('csv');
  // @ts-expect-error no such format
  await cam.exportBreakdown('xml');
  const width: number | undefined = cam.descriptor?.width;
  console.log(shares, exact, blob.size, width);
  return second.getOptions();
}

viewer.addHandler('cam-progress', ({ cam: source, eventSource, secondsLeft, patches }) => {
  const seconds: number | null = secondsLeft;
  const known: number = patches.known;
  source.refresh();
  eventSource.viewport.goHome();
  console.log(seconds, known);
});
viewer.addHandler('cam-error', ({ error }) => console.warn(error.message));
viewer.addHandler('cam-analysis', ({ analysis }) => console.log(analysis.state === 'running'));
// @ts-expect-error it has no such field
viewer.addHandler('cam-region', ({ rectangle }) => console.log(rectangle));

registerCamViewer();
const element: CamViewer = document.createElement('cam-viewer');
element.slide = 'brain.tif';
element.options = { mode: 'blend' };
// @ts-expect-error a text
element.model = 5;
console.log(element.cam?.getOptions().mode, element.viewer?.isOpen());
`;

const common = {
  strict: true,
  noEmit: true,
  target: 'es2022',
  lib: ['es2023', 'dom', 'dom.iterable'],
  types: [],
  esModuleInterop: true,
};
const projects: [string, keyof typeof compilers, string, object][] = [
  ['a bundler', 'newest', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
  ['Node, as a module', 'newest', 'module', { module: 'node16', moduleResolution: 'node16' }],
  ['Node, by require', 'newest', 'commonjs', { module: 'node16', moduleResolution: 'node16' }],
  ['a bundler, older', 'older', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
  ['without exports', 'older', 'commonjs', { module: 'commonjs', moduleResolution: 'node10' }],
];

let folder: string;
beforeAll(async () => {
  folder = temporaryFolder();
  const npm = (...parameters: string[]) =>
    execFileSync('npm', parameters, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }');
  npm('pack', path.join(root, 'plugin'), '--ignore-scripts');
  // The peer is not fetched: it is the repository's own.
  npm('install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', './openseadragon-cam-0.1.0.tgz');
  await symlink(
    path.dirname(require.resolve('openseadragon/package.json')),
    path.join(folder, 'node_modules/openseadragon'),
  );
  await Promise.all(
    projects.map(async ([name, , type, options]) => {
      const project = path.join(folder, name);
      await mkdir(project);
      await writeFile(path.join(project, 'package.json'), JSON.stringify({ private: true, type }));
      await writeFile(
        path.join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: { ...common, ...options } }),
      );
      await writeFile(path.join(project, 'page.ts'), PAGE);
    }),
  );
});

test.each(projects)('the packed types serve %s (%s compiler)', (name, compiler) => {
  const script = path.join(path.dirname(compilers[compiler]), 'bin/tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '-p', '.'], {
    cwd: path.join(folder, name),
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
});

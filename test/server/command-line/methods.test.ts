import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../browser.ts';
import { type RunningCommand, runCommand, startCommand, temporaryFolder } from '../../command-line.ts';
import { demoModelFiles } from '../../small-catalogue.ts';
import { expectedOf, fixtureFile } from '../models/fixture.ts';

/** Two models: the demo's, and one whose map needs the gradient. */
const NAME = 'method-two-dense';
let root: string;
let models: string;
let server: RunningCommand;
let browser: Browser;

beforeAll(async () => {
  root = await temporaryFolder();
  models = join(root, 'models');
  await mkdir(models);
  await mkdir(join(root, 'slides'));
  await copyFile(demoModelFiles.model, join(models, 'tissue.h5'));
  await copyFile(fixtureFile(NAME, 'model.h5'), join(models, 'dense.h5'));
  await copyFile(fixtureFile(NAME, 'model.manifest.json'), join(models, 'dense.manifest.json'));
  // A slide of 3 x 2 patches, all the fixture's own.
  const tile = { input: fixtureFile(NAME, 'patch.png'), tile: true, gravity: 'northwest' };
  await sharp({ create: { width: 96, height: 64, channels: 3, background: 'black' } })
    .composite([tile])
    .png()
    .toFile(join(root, 'slides', 'tiled.png'));
  const folders = ['--slides', join(root, 'slides'), '--models', models, '--store', join(root, 'store')];
  server = await startCommand('serve', ...folders, '--port', '0');
  browser = await launchBrowser('canvas');
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(root, { recursive: true, force: true });
});

const get = (path: string) => fetch(`${server.address}${path}`);
const heatmap = 'heatmaps/tiled.png/dense.h5';

test('models and descriptor name the method, and offer no probability of a cell', async () => {
  const { models: listed } = await (await get('models')).json();
  expect(listed).toMatchObject([
    { id: 'dense.h5', method: 'gradcam', scores: ['cam', 'patch'] },
    { id: 'tissue.h5', method: 'cam', scores: ['probability', 'cam', 'patch'] },
  ]);
  expect(await (await get(`${heatmap}.json`)).json()).toMatchObject({ method: 'gradcam', scores: ['cam', 'patch'] });
});

test('the score at a point is the framework’s', async () => {
  const { cells, probabilities } = expectedOf(NAME);
  const [rows, columns, classes] = cells.shape;
  const { classes: found } = await (await get(`${heatmap}/score?x=45&y=37`)).json();
  const cell = (Math.floor((5 * rows) / 32) * columns + Math.floor((13 * columns) / 32)) * classes;
  for (const c of [0, 1, 2]) {
    expect(found[c].cell).toBeNull();
    expect(found[c].probability).toBeCloseTo(probabilities[c], 5);
    expect(found[c].cam).toBeCloseTo(cells.data[cell + c], 6);
  }
});

test.each([
  ['?top=2&range=-0.1,0.1', 200],
  ['?mode=argmax', 200],
  ['?class=b&range=-0.1,0.1', 200],
  ['?score=patch&top=2', 200],
  ['?interpolation=patches', 200],
  ['?score=probability', 400],
])('a painted tile of %s answers %d', async (query, status) => {
  const level = (await (await get(`${heatmap}.json`)).json()).maxLevel;
  const answer = await get(`${heatmap}_files/${level}/0_0.png${query}`);
  expect(answer.status).toBe(status);
  if (status === 400) {
    const { error } = await answer.json();
    expect(error.message).toBe(
      'score: expected cam or patch, as Grad-CAM gives no probability of a cell, found probability',
    );
    return;
  }
  const { data } = await sharp(await answer.arrayBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(data.some((value, i) => i % 4 === 3 && value > 0)).toBe(true);
});

test('render says the method', async () => {
  const output = join(root, 'out.png');
  const model = join(models, 'dense.h5');
  const slide = join(root, 'slides', 'tiled.png');
  const rendered = await runCommand(
    'render',
    slide,
    model,
    '--top',
    '2',
    '--store',
    join(root, 'render'),
    '-o',
    output,
  );
  expect(rendered).toMatchObject({ status: 0 });
  expect(rendered.stdout).toContain(`${output}: 96 x 64 pixels, Grad-CAM at layer 'block2_pool'`);
  const refused = await runCommand('render', slide, model, '--top', '2', '--score', 'probability', '-o', output);
  expect(refused.status).toBe(2);
});

test('inspect says the method', async () => {
  const model = join(models, 'dense.h5');
  const inspected = await runCommand('inspect', model);
  expect(inspected.stdout).toMatch(/^method +Grad-CAM$/m);
  expect(inspected.stdout).toMatch(/^load check +sum of the map equals the logit's slope within /m);
  const json = JSON.parse((await runCommand('inspect', model, '--json')).stdout);
  expect(json).toMatchObject({ method: 'gradcam', camLayer: 'block2_pool' });
});

test('the page lists the model with its method', async () => {
  const page = await browser.newPage();
  await page.goto(`${server.address}#slide=tiled.png&model=dense.h5`);
  const list = page.getByLabel('Model', { exact: true });
  await expect.poll(() => list.locator('option').allTextContents()).toEqual(['dense (Grad-CAM)', 'tissue']);
  await page.locator('.osd-cam-method').getByText('Grad-CAM').waitFor();
  await page.close();
});

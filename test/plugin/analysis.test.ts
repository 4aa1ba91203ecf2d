import { expect, test } from 'vitest';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();
const part = () => browser.page.locator('.osd-cam-analysis');
const begun = { known: 300, analysis: { state: 'none', missing: 351, patchesPerSecond: 2, seconds: 175.5 } } as const;

function atServer(changes: object): void {
  Object.assign(browser.control.analysis, { region: null, patches: { known: 300, total: 651 }, ...changes });
}

test('the button says what it costs, then how far it is, and stops', async () => {
  const { page, url, control, announce } = browser;
  control.known = begun.known;
  atServer(begun.analysis);
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.getByRole('button', { name: 'Analyse slide · 3 min' }).click();
  await expect.poll(() => part().textContent()).toContain('Analysing 46 % · 3 min');
  expect(control.sent.filter(({ path }) => path.endsWith('/analysis'))).toEqual([
    { method: 'POST', path: '/heatmaps/slide/model4/analysis', body: undefined },
  ]);
  expect(await page.evaluate(() => document.querySelector('progress')?.value)).toBeCloseTo(300 / 651);

  // What the server tells of itself is shown.
  control.analysis = { ...control.analysis, patches: { known: 586, total: 651 }, missing: 65 };
  announce();
  await expect.poll(() => part().textContent()).toContain('Analysing 90 % · 33 s');
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Analyse slide · 33 s' }).waitFor();
  expect(control.sent.at(-1)?.method).toBe('DELETE');
});

test('an analysis that was begun elsewhere is shown and followed to its end', async () => {
  const { page, url, control } = browser;
  control.known = begun.known;
  atServer({ ...begun.analysis, state: 'running' });
  await openViewer(page, url);
  const states = await page.evaluate(() => {
    const told: string[] = [];
    Object.assign(window, { told });
    window.viewer.addHandler('cam-analysis', ({ analysis }) => void told.push(analysis.state));
    return told;
  });
  expect(states).toEqual([]);
  await addCam(page, { showControl: true });
  await expect.poll(() => part().textContent()).toContain('Analysing 46 %');
  control.analysis = { ...control.analysis, state: 'done', missing: 0, patches: { known: 651, total: 651 } };
  await expect.poll(() => part().isVisible()).toBe(false);
  expect(await page.evaluate(() => Reflect.get(window, 'told'))).toEqual(['running', 'done']);
});

test('a refusal is told in the server’s words, and to those who call', async () => {
  const { page, url, control } = browser;
  control.known = begun.known;
  control.analysisStatus = 503;
  atServer(begun.analysis);
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  await page.getByRole('button', { name: /Analyse slide/ }).click();
  await expect.poll(() => part().getByRole('alert').textContent()).toMatch(/another region .* being analysed/);
  expect(await page.getByRole('button', { name: /Analyse slide/ }).isEnabled()).toBe(true);
  const reason = await page.evaluate(() =>
    window.cam.startAnalysis({ x: 0, y: 0, width: 640, height: 640 }).then(String, (error: Error) => error.message),
  );
  expect(reason).toMatch(/analysis: another region/);
  expect(control.sent.at(-1)?.body).toEqual({ region: [0, 0, 640, 640] });
});

test('where the server computes nothing there is no button', async () => {
  const { page, url, control } = browser;
  control.isStatic = true;
  control.known = begun.known;
  atServer(begun.analysis);
  await openViewer(page, url);
  await addCam(page, { showControl: true });
  expect(await part().isVisible()).toBe(false);
});

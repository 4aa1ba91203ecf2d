import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';
import { type StaticFiles, serveFiles } from '../static-files.ts';

// A page in a frame beside others' work takes its time.
vi.setConfig({ testTimeout: 120_000 });

let catalogue: SmallCatalogue;
let server: RunningCommand;
let portal: StaticFiles;
let stranger: StaticFiles;
let browser: Browser;

/** Keeps what the frame says, and says what it is told to. */
const HOST = `<!doctype html><title>Host</title><iframe title="Slide" width="1000" height="700"></iframe><script>
  window.said = [];
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source === document.querySelector('iframe').contentWindow) window.said.push({ ...data, origin });
  });
  window.open = (address) => { document.querySelector('iframe').src = address; };
  window.tell = (message) => document.querySelector('iframe').contentWindow.postMessage(message, '*');
</script>`;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { root, slides, models, store } = catalogue;
  const host = join(root, 'host');
  await mkdir(host);
  await writeFile(join(host, 'index.html'), HOST);
  [portal, stranger, browser] = await Promise.all([serveFiles({ host }), serveFiles({ host }), launchBrowser()]);
  server = await startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store, '--port', '0', '--embed', portal.origin],
  );
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop(), portal?.close(), stranger?.close()]);
  await rm(catalogue.root, { recursive: true, force: true });
});

type Said = Record<string, unknown> & { type: string; origin: string };

interface Host {
  page: Page;
  said(): Promise<Said[]>;
  /** The first message of the type that comes after those that are there. */
  next(type: string, matches?: (message: Said) => boolean, from?: number): Promise<Said>;
  /** Sends a message, and gives back what answers it. */
  ask(type: string, content?: object): Promise<Said>;
}

let ids = 0;

/** Opens the page for frames in a frame of a page of an origin. */
async function embed(query: Record<string, string>, origin = portal.origin): Promise<Host> {
  const page = await browser.newPage({ viewport: { width: 1040, height: 740 } });
  await page.goto(`${origin}/host/`);
  await page.evaluate(
    (address) => Reflect.get(window, 'open')(address),
    `${server.address}embed?${new URLSearchParams(query)}`,
  );
  const said = (): Promise<Said[]> => page.evaluate(() => Reflect.get(window, 'said'));
  const next: Host['next'] = async (type, matches = () => true, from = 0) => {
    let found: Said | undefined;
    await expect
      .poll(
        async () => {
          found = (await said()).slice(from).find((message) => message.type === type && matches(message));
          return found?.type;
        },
        { timeout: 30_000 },
      )
      .toBe(type);
    if (!found) throw new Error(`no ${type}`);
    return found;
  };
  const ask: Host['ask'] = async (type, content = {}) => {
    const id = ++ids;
    await page.evaluate((message) => Reflect.get(window, 'tell')(message), { cam: 1, id, type, ...content });
    let answer: Said | undefined;
    await expect
      .poll(
        async () => {
          answer = (await said()).find((message) => message.id === id);
          return answer?.id;
        },
        { timeout: 30_000 },
      )
      .toBe(id);
    if (!answer) throw new Error(`no answer to ${type}`);
    return answer;
  };
  return { page, said, next, ask };
}

test('the frame shows what the address says, and tells that it is ready, the shares and the view', async () => {
  const host = await embed({
    slide: 'tissue.tif',
    model: 'tissue.h5',
    classes: 'Lymphocytes',
    opacity: '0.3',
    colormap: 'magma',
    theme: 'dark',
    panel: 'closed',
    view: '500,300,800,560',
  });
  const ready = await host.next('ready');
  expect(ready).toMatchObject({
    cam: 1,
    origin: new URL(server.address).origin,
    slide: 'tissue.tif',
    model: 'tissue.h5',
    size: [2000, 1300],
    options: { classes: ['Lymphocytes'], mode: 'single', opacity: 0.3, colormap: 'magma' },
  });
  expect(ready.classes).toContain('Lymphocytes');
  expect(await host.next('breakdown')).toMatchObject({ breakdown: { of: 'slide' } });
  const frame = host.page.frameLocator('iframe');
  const panel = frame.getByRole('button', { name: 'Show the settings' });
  expect(await panel.getAttribute('aria-expanded')).toBe('false');
  expect(await frame.locator('main').evaluate((main) => getComputedStyle(main).colorScheme)).toBe('dark');
  const [x, y, width, height] = Object(ready.view).region;
  // The region, and as much beside it as the frame's form asks for.
  expect(x).toBeLessThanOrEqual(501);
  expect(y).toBeLessThanOrEqual(301);
  expect(x + width).toBeGreaterThanOrEqual(1299);
  expect(y + height).toBeGreaterThanOrEqual(859);
  expect(Math.min(width / 800, height / 560)).toBeLessThan(1.02);
  await host.page.close();
});

test('the embedding page changes options, goes to a region, and is told of both', async () => {
  const host = await embed({ slide: 'tissue.tif', model: 'tissue.h5', panel: 'none' });
  expect(await host.next('ready')).toMatchObject({ options: { mode: 'argmax' } });
  expect(await host.page.frameLocator('iframe').locator('.osd-cam').count()).toBe(0);
  const options = { mode: 'single', classes: ['Tumour'], threshold: 0.25 };
  const before = (await host.said()).length;
  expect(await host.ask('set-options', { options })).toMatchObject({ type: 'options', options });
  expect(await host.next('options', ({ id }) => id === undefined, before)).toMatchObject({ options });
  expect(await host.ask('get-options')).toMatchObject({ type: 'options', options });

  const answer = await host.ask('go-to', { region: [1000, 650, 200, 140], immediately: true });
  expect(answer.type).toBe('view');
  const told = await host.next('view', ({ view }) => Object(view).region[2] < 260, before);
  expect(Object(told.view).region[0]).toBeCloseTo(Object(answer.view).region[0], 0);
  await host.page.close();
});

test('another slide is opened, and analysed, by message', async () => {
  const host = await embed({});
  expect(await host.next('ready')).toMatchObject({ slide: null });
  await host.page.frameLocator('iframe').getByText('No slide is named').waitFor();
  expect(await host.ask('open', { slide: 'brain:piece.png' })).toMatchObject({
    type: 'ready',
    slide: 'brain:piece.png',
    model: null,
    size: [700, 500],
  });
  const answer = await host.ask('open', { slide: 'brain:piece.png', model: 'tissue.h5', options: { opacity: 0.9 } });
  expect(answer).toMatchObject({ type: 'ready', model: 'tissue.h5', options: { opacity: 0.9, mode: 'argmax' } });
  expect((await host.ask('analyse')).type).toBe('analysis');
  const done = ({ breakdown }: Said) => Object(breakdown).exact === true;
  expect(await host.next('breakdown', done)).toMatchObject({ breakdown: { exact: true } });
  expect(await host.ask('open', { slide: 'nosuch.png' })).toMatchObject({
    type: 'error',
    message: expect.stringContaining('nosuch.png'),
  });
  await host.page.close();
});

test.each([
  ['what is no message of it', 'hello', /^message: expected \{ cam: 1, type, .*found "hello"$/],
  ['another version', { cam: 2, type: 'get-options' }, /^cam: expected the version 1, found 2$/],
  ['an unknown type', { cam: 1, type: 'fly' }, /^type: expected one of set-options, .*found "fly"$/],
  ['an inherited name', { cam: 1, type: 'constructor' }, /^type: expected one of .*found "constructor"$/],
  ['a region off the slide', { cam: 1, type: 'go-to', region: [5000, 0, 10, 10] }, /^region: .*found 5000, 0, 10, 10$/],
  ['a region of words', { cam: 1, type: 'go-to', region: ['a', 0, 1, 1] }, /^region: expected \[x, y, width, height\]/],
  ['no slide', { cam: 1, type: 'open', slide: 7 }, /^slide: expected the id of a slide, found 7$/],
  ['an option that there is not', { cam: 1, type: 'set-options', options: { color: 1 } }, /^options: .*found "color"$/],
  ['an option of another form', { cam: 1, type: 'set-options', options: { range: null } }, /^range: .*found null$/],
  ['an option out of range', { cam: 1, type: 'set-options', options: { opacity: 3 } }, /^opacity: expected 0 to 1/],
  ['an unknown class', { cam: 1, type: 'set-options', options: { classes: ['Moon'] } }, /^classes: .*found Moon$/],
  ['an unknown theme', { cam: 1, type: 'set-options', options: { theme: 'pink' } }, /^theme: .*found "pink"$/],
])('%s is answered with a sentence that says so', async (_, message, expected) => {
  const host = await shared();
  const before = (await host.said()).length;
  await host.page.evaluate((data) => Reflect.get(window, 'tell')(data), message);
  expect((await host.next('error', undefined, before)).message).toMatch(expected);
});

let opened: Promise<Host> | undefined;
/** One frame for all messages that change nothing. */
function shared(): Promise<Host> {
  opened ??= embed({ slide: 'tissue.tif', model: 'tissue.h5' }).then(async (host) => {
    await host.next('ready');
    return host;
  });
  return opened;
}

test('an address that cannot be understood says so, on the page and to the embedding one', async () => {
  const host = await embed({ slide: 'tissue.tif', theme: 'pink' });
  expect((await host.next('error')).message).toBe('theme: expected one of system, light, dark, found pink');
  await host.page.frameLocator('iframe').getByText('theme: expected one of').waitFor();
  await host.page.close();
});

test('only the origins that were named may frame it, and only the parent is listened to', async () => {
  const policy = async (path: string) => (await fetch(server.address + path)).headers.get('Content-Security-Policy');
  expect(await policy('embed')).toBe(`frame-ancestors 'self' ${portal.origin}`);
  expect(await policy('')).toBe("frame-ancestors 'self'");
  // Under this name there would be no origins.
  expect((await fetch(`${server.address}embed.html`)).status).toBe(404);

  const refused = await browser.newPage();
  const faults: string[] = [];
  refused.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await refused.goto(`${stranger.origin}/host/`);
  await refused.evaluate((address) => Reflect.get(window, 'open')(address), `${server.address}embed?slide=tissue.tif`);
  await expect.poll(() => faults.join()).toMatch(/frame-ancestors/);
  expect(await refused.evaluate(() => Reflect.get(window, 'said'))).toEqual([]);
  await refused.close();

  // A frame beside it, of an origin that may embed it, is not its parent.
  const host = await shared();
  const before = (await host.said()).length;
  await host.page.evaluate(async (address) => {
    const beside = document.body.appendChild(document.createElement('iframe'));
    beside.src = address;
    await new Promise((loaded) => beside.addEventListener('load', loaded));
  }, `${portal.origin}/host/`);
  const beside = host.page.frames().find((frame) => frame.url() === `${portal.origin}/host/` && frame.parentFrame());
  await beside?.evaluate(() => window.parent.frames[0].postMessage({ cam: 1, id: 'beside', type: 'get-options' }, '*'));
  // Answered after it, were it answered.
  await host.ask('get-options');
  expect((await host.said()).slice(before).filter(({ id }) => id === 'beside')).toEqual([]);
});

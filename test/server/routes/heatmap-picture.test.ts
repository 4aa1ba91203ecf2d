import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { runCommand } from '../../command-line.ts';
import { useServer } from '../../served-catalogue.ts';

const server = useServer();

async function picture(query: Record<string, string> | string) {
  const response = await fetch(`${server.address}heatmaps/tissue.tif/tissue.h5.png?${new URLSearchParams(query)}`);
  const body = Buffer.from(await response.arrayBuffer());
  return { response, body };
}

/** `tEXt` chunks of a PNG, by keyword. */
function textsOf(png: Buffer): Record<string, string> {
  const texts: Record<string, string> = {};
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) !== 'tEXt') continue;
    const [keyword, text] = png.toString('latin1', at + 8, at + 8 + png.readUInt32BE(at)).split('\0');
    texts[keyword] = text;
  }
  return texts;
}

test('what is not computed is waited for as far as the size needs it, or shown as it is', async () => {
  const early = await picture({ wait: '0', size: '300', alone: 'true', class: 'Stroma' });
  expect(early.response.status).toBe(200);
  expect(Number(early.response.headers.get('X-Cam-Missing'))).toBeGreaterThan(0);
  const { channels } = await sharp(early.body).stats();
  expect(channels.map(({ max }) => max)).toEqual([0, 0, 0, 0]);

  const later = await picture({ size: '300', alone: 'true', class: 'Stroma' });
  expect(later.response.headers.get('X-Cam-Missing')).toBe('0');
  expect((await sharp(later.body).stats()).channels[3].max).toBeGreaterThan(50);
  expect(textsOf(later.body).Description).toMatch(/^single: Stroma; probability 0 to 1; \d+ of \d+ patches analysed$/);
});

test('of an analysed slide it is what render writes, and says what it is of', async () => {
  const analysis = `${server.address}heatmaps/tissue.tif/tissue.h5/analysis`;
  await fetch(analysis, { method: 'POST' });
  await expect
    .poll(async () => (await (await fetch(analysis)).json()).missing, { timeout: 60_000, interval: 250 })
    .toBe(0);
  const { response, body } = await picture({ class: 'Tumour', size: '500', opacity: '0.7', colormap: 'magma' });
  expect(response.headers.get('Content-Type')).toBe('image/png');
  const { slides, models, root } = server;
  const file = join(root, 'rendered.png');
  const rendered = await runCommand(
    ...['render', join(slides, 'tissue.tif'), join(models, 'tissue.h5'), '--store', join(root, 'other-store')],
    ...['--class', 'Tumour', '--scale', '0.25', '--opacity', '0.7', '--colormap', 'magma', '-o', file],
  );
  expect(rendered.stderr).toBe('');
  const [made, wanted] = await Promise.all([body, file].map((source) => sharp(source).raw().toBuffer()));
  expect(made.equals(wanted)).toBe(true);
  const { Title, Description, Software, 'Creation Time': created } = textsOf(body);
  expect(Title).toBe('tissue on tissue.tif');
  expect(Description).toMatch(/^single: Tumour; probability 0 to 1; (\d+) of \1 patches analysed$/);
  expect(Software).toMatch(/^openseadragon-cam \d.*onnxruntime/);
  expect(Date.parse(created)).toBeGreaterThan(Date.now() - 60_000);
});

test('colours are those that are named, and no picture is larger than the slide', async () => {
  const query = new URLSearchParams({ size: '4096', alone: 'true', opacity: '1', mode: 'blend' });
  for (const [name, color] of [
    ['Tumour', '#ff0000'],
    ['Stroma', '#0000ff'],
  ]) {
    query.append('class', name);
    query.append('color', color);
  }
  const { body } = await picture(query.toString());
  const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([2000, 1300, 4]);
  let [red, green, blue] = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    red = Math.max(red, data[at]);
    green = Math.max(green, data[at + 1]);
    blue = Math.max(blue, data[at + 2]);
  }
  expect([red > 200, green, blue > 200]).toEqual([true, 0, true]);
});

test.each([
  [{ size: '5000' }, 'size: expected a whole number of pixels from 16 to 4096, found "5000"'],
  [{ alone: 'perhaps' }, 'alone: expected one of true, false, found "perhaps"'],
  [{ class: 'Moon' }, /^class: expected one of .*, found Moon$/],
  [{ class: 'Tumour', color: 'red' }, /^color.*: expected #rrggbb/],
  [{ color: '#ff0000', class: 'Tumour', mode: 'flat' }, /^mode: expected one of/],
  [{ color: '#ff0000' }, 'color: expected as many colours as classes, 0, found 1'],
])('%o is answered with a sentence', async (query, expected) => {
  const { response, body } = await picture(Object.fromEntries(Object.entries(query)));
  expect(response.status).toBe(400);
  expect(JSON.parse(body.toString()).error.message).toMatch(expected);
});

import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import sharp from 'sharp';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { removeStaleUploads } from '../../../server/src/uploads/upload-folder.ts';
import { openUploads, type UploadLimits, type Uploads } from '../../../server/src/uploads/uploads.ts';
import { temporaryFolder } from '../../command-line.ts';
import { slidesOnly } from './upload-source.ts';

const DEEP_ZOOM =
  '<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="png" Overlap="0" TileSize="256"><Size Width="9" Height="9"/></Image>';

const LIMITS: UploadLimits = { bytes: 200_000, images: 3, allBytes: 1e8, lifetime: 3_600_000 };

let store: string;
beforeEach(async () => {
  store = await temporaryFolder();
});

function uploadsWith(limits: Partial<UploadLimits> = {}): Uploads {
  const uploads = openUploads({ limits: { ...LIMITS, ...limits }, store, openSource: slidesOnly });
  onTestFinished(() => uploads.close());
  return uploads;
}

const picture = (width = 300, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: '#c080b0' } })
    .png()
    .toBuffer();

const body = (bytes: Uint8Array) => Readable.from([bytes]);

/** Paths of all files of uploads, but for the lock of the process. */
async function filesLeft(): Promise<string[]> {
  const all = await readdir(join(store, 'uploads'), { recursive: true, withFileTypes: true }).catch(() => []);
  return all.filter((entry) => entry.isFile() && !entry.name.startsWith('lock')).map(({ name }) => name);
}

test('an image gets an id that cannot be guessed and a file that nobody else can read', async () => {
  const uploads = uploadsWith();
  const [one, other] = [
    await uploads.receive(body(await picture()), { name: 'cells.png' }),
    await uploads.receive(body(await picture()), { name: 'cells.png', mpp: 0.5 }),
  ];
  expect(one.id).toMatch(/^upload:[\w-]{22}$/);
  expect(other.id).not.toBe(one.id);
  expect(one.file).not.toContain(one.id.slice(7));
  expect((await stat(one.file)).mode & 0o077).toBe(0);
  expect(await one.source.slideHeader(one.file)).toMatchObject({ title: 'cells.png', width: 300, mpp: null });
  expect(await other.source.slideHeader(other.file)).toMatchObject({ mpp: 0.5 });
  await uploads.setMpp(one.id, 0.25);
  expect(await one.source.slide(one.file)).toMatchObject({ mpp: 0.25 });
});

test.each([
  [
    'no image',
    async () => Buffer.from('no image at all'),
    /text\.png.*none of the formats that are read: JPEG, PNG, WebP, TIFF and slides of OpenSlide that are one file$/,
  ],
  ['a drawing', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /none of the formats/],
  ['a truncated picture', async () => (await noise()).subarray(0, 60_000), /text\.png.*truncated or damaged/],
  ['a picture of too many pixels', () => picture(2000, 600), /2000 x 600 pixels/],
  ['a slide of several files', async () => Buffer.from('[Virtual Microscope Specimen]\n'), /a part of one.*VMS/],
  ['a Deep Zoom descriptor', async () => Buffer.from(DEEP_ZOOM), /a part of one \(Deep Zoom\)/],
  [
    'the address of another server',
    async () => Buffer.from('{"type": "dzi", "url": "http://127.0.0.1:1/a.dzi"}'),
    /found the address of a tile server/,
  ],
  ['too many bytes', async () => Buffer.alloc(200_001), /at most 0\.2 MB/],
  ['nothing', async () => Buffer.alloc(0), /found nothing/],
])('%s is refused and nothing of it is left', async (_, bytes, words) => {
  const uploads = uploadsWith();
  const received = uploads.receive(body(await bytes()), { name: 'text.png' });
  await expect(received).rejects.toThrow(words);
  expect(await filesLeft()).toEqual([]);
});

const noise = () =>
  sharp({
    create: { width: 200, height: 200, channels: 3, background: '#fff', noise: { type: 'gaussian', sigma: 50 } },
  })
    .png()
    .toBuffer();

test('a length that is too large is refused before anything is read', async () => {
  const uploads = uploadsWith();
  const unread = new PassThrough();
  await expect(uploads.receive(unread, { name: 'a.png', length: 200_001 })).rejects.toThrow(/too large/);
  expect(unread.readableDidRead).toBe(false);
});

test('more than was announced is refused while it is sent', async () => {
  const uploads = uploadsWith();
  const endless = new PassThrough();
  const received = uploads.receive(endless, { name: 'a.png', length: 100 });
  for (let i = 0; i < 4; i++) endless.write(Buffer.alloc(60_000));
  await expect(received).rejects.toThrow(/too large/);
  expect(endless.writableEnded).toBe(false);
  expect(await filesLeft()).toEqual([]);
});

test('an abort in the middle leaves nothing', async () => {
  const uploads = uploadsWith();
  const controller = new AbortController();
  const half = new PassThrough();
  half.write((await picture()).subarray(0, 100));
  const received = uploads.receive(half, { name: 'a.png', signal: controller.signal });
  received.catch(() => {});
  await expect.poll(filesLeft).toEqual(['a.png']);
  controller.abort(new Error('gone'));
  await expect(received).rejects.toThrow('gone');
  expect(await filesLeft()).toEqual([]);
});

test('what nobody looks at is removed after a while; a look puts that off', async () => {
  const uploads = uploadsWith({ lifetime: 1500 });
  const { id, source, file } = await uploads.receive(body(await picture()), { name: 'a.png' });
  const { regionFile } = await source.slide(file);
  expect(regionFile).toContain(join(store, 'uploads'));
  const start = Date.now();
  while (Date.now() - start < 2500) {
    uploads.use(id);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await expect.poll(() => filesLeft()).toEqual([]);
  expect(() => uploads.find(id)).toThrow(/no longer here/);
});

test('the one looked at longest ago makes room', async () => {
  const uploads = uploadsWith();
  const ids: string[] = [];
  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
  for (const name of ['a.png', 'b.png', 'c.png']) {
    ids.push((await uploads.receive(body(await picture()), { name })).id);
    await pause();
  }
  uploads.use(ids[0]);
  await pause();
  ids.push((await uploads.receive(body(await picture()), { name: 'd.png' })).id);
  const isThere = ids.map((id) => {
    try {
      return uploads.find(id) !== undefined;
    } catch {
      return false;
    }
  });
  expect(isThere).toEqual([true, false, true, true]);
});

test('the bytes of all of them are bounded, pyramids included', async () => {
  // Each has a pyramid of about 200 kB, and a file of less than one.
  const uploads = uploadsWith({ allBytes: 500_000, images: 100 });
  for (let i = 0; i < 5; i++) await uploads.receive(body(await picture(256, 256)), { name: `${i}.png` });
  const left = (await filesLeft()).filter((name) => name.endsWith('.png'));
  expect(left.sort()).toEqual(['3.png', '4.png']);
});

test('a removed one takes everything with it, and closing takes the folder', async () => {
  const uploads = uploadsWith();
  const { id } = await uploads.receive(body(await picture()), { name: 'first.png' });
  await uploads.receive(body(await picture()), { name: 'second.png' });
  await uploads.remove(id);
  // The other one, what is said beside it, and its pyramid, whose name is a hash.
  const left = (await filesLeft()).map((name) => name.replace(/^[0-9a-f]{16}/, 'pyramid'));
  expect(left.sort()).toEqual(['pyramid-0-1.tif', 'second.png', 'second.png.json']);
  await uploads.close();
  expect(await readdir(join(store, 'uploads'))).toEqual([]);
});

test('closing ends what is being sent', async () => {
  const uploads = uploadsWith();
  const half = new PassThrough();
  half.write('x');
  const received = uploads.receive(half, { name: 'a.png' });
  received.catch(() => {});
  await expect.poll(filesLeft).toEqual(['a.png']);
  await uploads.close();
  await expect(received).rejects.toThrow(/ending/);
  expect(await readdir(join(store, 'uploads'))).toEqual([]);
});

test('too many at once are told to wait', async () => {
  const uploads = uploadsWith();
  const sending = Array.from({ length: 4 }, () => new PassThrough());
  const received = sending.map((stream) => uploads.receive(stream, { name: 'a.png' }));
  for (const each of received) each.catch(() => {});
  await expect(uploads.receive(body(await picture()), { name: 'b.png' })).rejects.toThrow(/try again/);
});

test('what a killed server left is removed at the next start, what a living one has is not', async () => {
  const uploads = uploadsWith();
  const { file } = await uploads.receive(body(await picture()), { name: 'a.png' });
  const dead = join(store, 'uploads', 'dead');
  await mkdir(join(dead, '1'), { recursive: true });
  await writeFile(join(dead, '1', 'left.png'), 'left');
  const [own] = (await readdir(join(store, 'uploads'))).filter((name) => name !== 'dead');
  const lock = JSON.parse(await readFile(join(store, 'uploads', own, 'lock'), 'utf8'));
  await writeFile(join(dead, 'lock'), JSON.stringify({ ...lock, pid: 2 ** 22 + 1, start: null }));
  expect(await removeStaleUploads(store)).toBe(1);
  expect(await filesLeft()).not.toContain('left.png');
  expect((await stat(file)).size).toBeGreaterThan(0);
});

test.each([
  ['../../etc/passwd', '_.._etc_passwd'],
  ['a/b\\c:d.tif', 'a_b_c_d.tif'],
  ['Schnitt 3 – Leber.ndpi', 'Schnitt 3 _ Leber.ndpi'],
  ['..', 'image'],
  [`${'x'.repeat(60)}.svs`, `${'x'.repeat(46)}.svs`],
])('the name %s becomes %s', async (name, expected) => {
  const upload = await uploadsWith().receive(body(await picture()), { name });
  expect(upload.title).toBe(expected);
  expect(upload.file.startsWith(join(store, 'uploads'))).toBe(true);
});

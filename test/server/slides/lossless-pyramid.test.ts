import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { image, picture, temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const source = picture(700, 530);
const rgb = () => image(source.data, 700, 530);
const store = join(folder, 'store');

describe('the pyramid that is made', () => {
  test('is made once for concurrent calls, reports progress and leaves nothing half-written', async () => {
    const file = join(folder, 'once.png');
    await writeFile(file, await image(picture(900, 900).data, 900, 900).png().toBuffer());
    const fresh = join(folder, 'fresh');
    const progress: number[] = [];
    const calls = [1, 2, 3].map(() => describeSlide(file, { store: fresh, onProgress: (done) => progress.push(done) }));
    const [first, ...others] = await Promise.all(calls);
    for (const other of others) expect(other).toEqual(first);
    expect(progress.slice(-3)).toEqual([1, 1, 1]);
    expect(await readdir(join(fresh, 'slides'))).toEqual([`${first.fingerprint}-0-1.tif`]);
  });

  test('one caller that stops waiting fails no other', async () => {
    const file = join(folder, 'abort.png');
    await writeFile(file, await image(picture(910, 900).data, 910, 900).png().toBuffer());
    const controller = new AbortController();
    const left = describeSlide(file, { store, signal: controller.signal });
    const stayed = describeSlide(file, { store });
    controller.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect((await stayed).width).toBe(910);
  });

  test('a changed file gets another fingerprint and another pyramid', async () => {
    const file = join(folder, 'changing.png');
    await writeFile(file, await rgb().png().toBuffer());
    const before = await describeSlide(file, { store });
    await writeFile(file, await rgb().negate().png().toBuffer());
    const after = await describeSlide(file, { store });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.regionFile).not.toBe(before.regionFile);
  });

  test('what an ended process left half-written goes, what another machine writes stays', async () => {
    const slides = join(folder, 'litter', 'slides');
    await mkdir(slides, { recursive: true });
    await writeFile(join(slides, `aa.${hostname()}.999999999.bb.partial`), 'x');
    await writeFile(join(slides, 'aa.elsewhere.999999999.bb.partial'), 'x');
    const file = join(folder, 'litter.png');
    await writeFile(file, await rgb().png().toBuffer());
    const { fingerprint } = await describeSlide(file, { store: join(folder, 'litter') });
    expect((await readdir(slides)).sort()).toEqual(
      [`${fingerprint}-0-1.tif`, 'aa.elsewhere.999999999.bb.partial'].sort(),
    );
  });
});

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { hasZarr, python } from '../store/python-zarr.ts';
import { temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();
const options = { store: join(folder, 'store') };

/** Writes images with zarr-python, and beside each `NAME.rgb`, the pixels that NumPy slices from the array. */
const script = `
import sys, numpy, zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec, BytesCodec, TransposeCodec
from numcodecs import Blosc, GZip, LZ4, Zlib, Zstd
folder = sys.argv[1]
random = numpy.random.default_rng(7)
base = numpy.cumsum(random.integers(0, 3, (3, 300, 413)), axis=2).astype('uint8')

def axes(names):
    return [{'name': n, 'type': {'t': 'time', 'c': 'channel'}.get(n, 'space')} for n in names]

def image(names, version):
    return {'multiscales': [{'axes': axes(names), 'datasets': [{'path': '0', 'coordinateTransformations': [
        {'type': 'scale', 'scale': [1.0] * len(names)}]}], **version}]}

def write(name, data, names, zarr_format, **array):
    group = zarr.create_group(f'{folder}/{name}.zarr', zarr_format=zarr_format)
    group.attrs.update(image(names, {'version': '0.4'}) if zarr_format == 2 else {'ome': {'version': '0.5', **image(names, {})}})
    group.create_array('0', shape=data.shape, dtype=data.dtype, **array)[...] = data
    stored = zarr.open(f'{folder}/{name}.zarr', mode='r')['0'][...]
    first = {n: 0 for n in 'tz'}
    picture = stored[tuple(0 if n in 'tz' else slice(None) for n in names)]
    if picture.dtype.itemsize == 2: picture = (picture >> 8).astype('uint8')
    picture = picture.transpose(1, 2, 0) if picture.ndim == 3 else numpy.repeat(picture[..., None], 3, 2)
    open(f'{folder}/{name}.rgb', 'wb').write(picture.astype('uint8').tobytes())

wide = base.astype('uint16') * 256 + random.integers(0, 256, base.shape).astype('uint16')
five = numpy.stack([base, 255 - base])[:, :, None]
nested = {'name': 'v2', 'separator': '/'}
for name, compressor in [('blosc', Blosc('lz4', 5, Blosc.SHUFFLE)), ('blosc-zstd', Blosc('zstd', 3, Blosc.BITSHUFFLE)),
                         ('zstd', Zstd(3)), ('zlib', Zlib(3)), ('gzip', GZip(3)), ('lz4', LZ4()), ('none', None)]:
    write(f'2-{name}', base, 'cyx', 2, chunks=(1, 100, 128), compressors=compressor, chunk_key_encoding=nested)
    write(f'2-{name}-wide', wide, 'cyx', 2, chunks=(3, 100, 128), compressors=compressor)
write('2-big-endian', wide.astype('>u2'), 'cyx', 2, chunks=(1, 100, 128))
write('2-fortran', base, 'cyx', 2, chunks=(3, 100, 128), order='F')
write('2-five', five, 'tczyx', 2, chunks=(1, 3, 1, 100, 128))
write('2-grey', base[0], 'yx', 2, chunks=(64, 64))
for name, codec in [('blosc', BloscCodec(cname='zstd')), ('zstd', ZstdCodec(level=3, checksum=True)), ('gzip', GzipCodec()), ('none', None)]:
    write(f'3-{name}', base, 'cyx', 3, chunks=(1, 100, 128), compressors=codec)
    write(f'3-{name}-wide', wide, 'cyx', 3, chunks=(3, 100, 128), compressors=codec)
    write(f'3-{name}-shards', wide, 'cyx', 3, chunks=(1, 50, 64), shards=(3, 100, 128), compressors=codec)
write('3-big-endian', wide, 'cyx', 3, chunks=(1, 100, 128), serializer=BytesCodec(endian='big'))
write('3-transposed', base, 'cyx', 3, chunks=(3, 100, 128), filters=TransposeCodec(order=(2, 1, 0)))
write('3-five', five, 'tczyx', 3, chunks=(2, 3, 1, 100, 128))
`;

const NAMES = [
  ...['blosc', 'blosc-zstd', 'zstd', 'zlib', 'gzip', 'lz4', 'none'].flatMap((name) => [`2-${name}`, `2-${name}-wide`]),
  ...['2-big-endian', '2-fortran', '2-five', '2-grey'],
  ...['blosc', 'zstd', 'gzip', 'none'].flatMap((name) => [`3-${name}`, `3-${name}-wide`, `3-${name}-shards`]),
  ...['3-big-endian', '3-transposed', '3-five'],
];

if (hasZarr) execFileSync(python, ['-W', 'ignore', '-c', script, folder], { stdio: ['ignore', 'inherit', 'inherit'] });

test.skipIf(!hasZarr).each(NAMES)('%s: the pixels that zarr-python and NumPy have', async (name) => {
  const description = await describeSlide(join(folder, `${name}.zarr`), options);
  const { width, height } = description;
  const pixels = await openSlide(description).readRegion(0, { x: 0, y: 0, width, height });
  expect(Buffer.compare(pixels, readFileSync(join(folder, `${name}.rgb`)))).toBe(0);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { slideFingerprint } from '../../../server/src/slides/fingerprint.ts';
import { omePixels } from '../../../server/src/slides/ome-xml.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { crop, picture, temporaryFolder } from './pictures.ts';
import { greyTiles, rawTiles } from './raw-tiles.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

const folder = await temporaryFolder();
const SIZE = { width: 300, height: 200 };

function omeXml(pixels: string, channels = '<Channel ID="Channel:0:0" SamplesPerPixel="3"/>'): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument ID="Instrument:0"><Objective ID="Objective:0" NominalMagnification="40.0"/></Instrument>
<Image ID="Image:0"><Pixels ID="Pixels:0" SizeX="64" SizeY="64" PhysicalSizeX="9"><Channel ID="Channel:1:0"/></Pixels></Image>
<Image ID="Image:1"><Pixels ID="Pixels:1" DimensionOrder="XYCZT" Type="uint8" SizeX="300" SizeY="200" SizeC="3" SizeT="1" SizeZ="1" ${pixels}>${channels}<TiffData/></Pixels></Image></OME>`;
}

describe('microns per pixel of OME-XML', () => {
  test.each([
    ['microns by default', 'PhysicalSizeX="0.25" PhysicalSizeY="0.25"', 0.25],
    ['one side alone', 'PhysicalSizeX="0.25"', 0.25],
    ['the micro sign', 'PhysicalSizeX="0.5" PhysicalSizeXUnit="\u00b5m" PhysicalSizeY="0.5"', 0.5],
    ['the Greek letter', 'PhysicalSizeX="0.5" PhysicalSizeXUnit="\u03bcm" PhysicalSizeY="0.5"', 0.5],
    ['as an entity', 'PhysicalSizeX="0.5" PhysicalSizeXUnit="&#181;m" PhysicalSizeY="0.5"', 0.5],
    ['nanometres', 'PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="250" PhysicalSizeYUnit="nm"', 0.25],
    ['millimetres', "PhysicalSizeX='0.00025' PhysicalSizeXUnit='mm'", 0.25],
    ['pixels that are not square', 'PhysicalSizeX="0.25" PhysicalSizeY="0.5"', null],
    ['a unit that is no length', 'PhysicalSizeX="0.5" PhysicalSizeXUnit="pixel"', null],
    ['none', '', null],
  ])('%s', (_, attributes, mpp) => {
    const found = omePixels(omeXml(attributes), SIZE)?.mpp;
    if (mpp === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(mpp, 9);
  });

  test('of the first image where none has the size', () => {
    expect(omePixels(omeXml('PhysicalSizeX="0.25"'), { width: 1, height: 1 })?.mpp).toBe(9);
  });

  test('what is no OME-XML has none', () => {
    expect(omePixels('Aperio Image Library', SIZE)).toBeNull();
    expect(omePixels('<OME></OME>', SIZE)).toBeNull();
  });

  test('hostile text takes no time', () => {
    const start = process.cpuUsage();
    for (const piece of ['<Pixels ', '<Channel ', '<OME a', 'a', 'a="', ' ', '&#', '<'])
      omePixels(`<OME ><Pixels >${piece.repeat(1e6)}`, SIZE);
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(20);
  });
});

const source = picture(SIZE.width, SIZE.height);

async function omeTiff(name: string, xml: string): Promise<string> {
  const file = join(folder, name);
  const description: TiffTag = [270, 'ascii', [...new TextEncoder().encode(`${xml}\0`)]];
  await writeFile(file, rawTiles({ ...source, tileSize: 128, tags: [description] }));
  return file;
}

test('format, microns per pixel and objective of an OME-TIFF', async () => {
  const file = await omeTiff('colour.ome.tif', omeXml('PhysicalSizeX="0.25" PhysicalSizeY="0.25"'));
  expect(await readSlideHeader(file)).toMatchObject({
    format: 'OME-TIFF',
    reader: 'tiff',
    mpp: 0.25,
    objective: 40,
    channels: [],
  });
  expect(await describeSlide(file, { store: folder })).toMatchObject({
    format: 'OME-TIFF',
    mpp: 0.25,
    regionFile: file,
  });
});

test('the names of its channels', async () => {
  const channels =
    '<Channel ID="1" Name="DAPI &amp; more"/><Channel ID="2" Name=\'FITC\'></Channel><Channel ID="3" Color="1"/>';
  const file = await omeTiff('channels.ome.tif', omeXml('PhysicalSizeX="0.25"', channels));
  expect((await readSlideHeader(file)).channels).toEqual(['DAPI & more', 'FITC', 'channel 2']);
});

test('a description that only speaks of OME is a plain one', async () => {
  expect(await readSlideHeader(await omeTiff('plain.tif', 'made for <OME >'))).toMatchObject({ format: 'TIFF' });
});

describe('red, green and blue as planes of their own', () => {
  const colours = [-16_776_961, 16_711_935, 65_535]
    .map((colour, i) => `<Channel ID="${i}" Color="${colour}"/>`)
    .join('');
  const names = ['Red', 'Green', 'Blue']
    .map((name, i) => `<Channel ID="${i}" Name="${name}" SamplesPerPixel="1"/>`)
    .join('');
  const stains = ['DAPI', 'FITC', 'TRITC'].map((name, i) => `<Channel ID="${i}" Name="${name}"/>`).join('');
  const region = { x: 100, y: 50, width: 180, height: 140 };

  async function planes(name: string, channels: string): Promise<string> {
    const file = join(folder, name);
    const description: TiffTag = [270, 'ascii', [...new TextEncoder().encode(`${omeXml('', channels)}\0`)]];
    const pages = [0, 1, 2].map((sample) =>
      greyTiles({ ...source, tileSize: 128 }, sample, sample === 0 ? [description] : []),
    );
    const [red, green, blue] = pages;
    await writeFile(file, writtenTiff(red, green, blue));
    return file;
  }

  test.each([
    ['by their colours', colours],
    ['by their names', names],
  ])('%s: they are read together', async (name, channels) => {
    const file = await planes(`${name}.ome.tif`, channels);
    const description = await describeSlide(file, { store: folder });
    expect(Buffer.compare(await openSlide(description).readRegion(0, region), crop(source, region))).toBe(0);
    expect(description.fingerprint).not.toBe(await slideFingerprint(file));
  });

  test('channels that are no colours: the first is read, as grey', async () => {
    const file = await planes('stains.ome.tif', stains);
    const description = await describeSlide(file, { store: folder });
    const read = await openSlide(description).readRegion(0, region);
    const expected = crop(source, region).map((_, i, all) => all[i - (i % 3)]);
    expect(Buffer.compare(read, expected)).toBe(0);
    expect(description.fingerprint).toBe(await slideFingerprint(file));
  });
});

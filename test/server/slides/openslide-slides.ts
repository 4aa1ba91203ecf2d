import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { rawTiles, tilesOf } from './raw-tiles.ts';
import { type TiffTag, writtenTiff } from './written-tiff.ts';

/** Version of the OpenSlide that the system has, or undefined: tests of it are skipped. */
export const openslideVersion: string | undefined = findVersion();

if (openslideVersion === undefined)
  console.log('No OpenSlide (apt-get install libopenslide0): tests that need it are skipped.');

function findVersion(): string | undefined {
  const koffi = createRequire(import.meta.url).resolve('koffi');
  const script = `
    const koffi = require(${JSON.stringify(koffi)});
    for (const name of ['libopenslide.so.1', 'libopenslide.so.0', 'libopenslide.1.dylib']) {
      try { console.log(koffi.load(name).func('const char *openslide_get_version()')()); break; } catch {}
    }`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return stdout.trim() || undefined;
}

interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

const text = (tag: number, value: string): TiffTag => [tag, 'ascii', [...new TextEncoder().encode(`${value}\0`)]];

/** A Trestle slide, uncompressed, a level for each picture; around it is a colour of its own. */
export async function writeTrestle(file: string, full: Picture, ...smaller: Picture[]): Promise<void> {
  const tags = [text(305, 'MedScan'), text(270, 'Background Color=C08040;OverlapsXY= 0 0')];
  const pages = smaller.map((picture) => ({ ...picture, tileSize: 128, tags }));
  await writeFile(file, rawTiles({ ...full, tileSize: 128, tags }, ...pages));
}

/** A Philips slide of one level, uncompressed, without the tiles named: those are background. */
export async function writePhilips(file: string, picture: Picture, missing: readonly number[]): Promise<void> {
  const { width, height } = picture;
  const tileSize = 128;
  const all = tilesOf({ ...picture, tileSize });
  const spacing = `<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">&quot;0.00025&quot; &quot;0.00025&quot;</Attribute>`;
  const levels = `<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array><DataObject ObjectType="PixelDataRepresentation">${spacing}</DataObject></Array></Attribute>`;
  const scanned = `<DataObject ObjectType="DPScannedImage"><Attribute Name="PIM_DP_IMAGE_TYPE">WSI</Attribute>${spacing}${levels}</DataObject>`;
  const xml = `<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport"><Attribute Name="PIM_DP_SCANNED_IMAGES"><Array>${scanned}</Array></Attribute></DataObject>`;
  await writeFile(
    file,
    writtenTiff({
      ...{ littleEndian: true, big: false, width, height, tileSize },
      tiles: all.map((tile, index) => (missing.includes(index) ? new Uint8Array() : tile)),
      tags: [
        [258, 'short', [8, 8, 8]],
        [259, 'short', [1]],
        [262, 'short', [2]],
        [277, 'short', [3]],
        text(270, xml),
        text(305, 'Philips DP v1.0'),
      ],
    }),
  );
}

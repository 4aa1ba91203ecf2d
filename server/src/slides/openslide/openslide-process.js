/**
 * The process that calls OpenSlide, for `library.ts`: a damaged slide can make the library crash or hang, which then takes
 * this process alone. Plain JavaScript, for Node itself starts it.
 */
import { Socket } from 'node:net';
import process from 'node:process';
import { overBackground } from './background.js';

/** Names by which the system finds the library, newest first. */
const LIBRARIES = {
  darwin: ['libopenslide.1.dylib', '/opt/homebrew/lib/libopenslide.1.dylib', '/usr/local/lib/libopenslide.1.dylib'],
  win32: ['libopenslide-1.dll', 'libopenslide-0.dll'],
};
const LINUX_LIBRARIES = ['libopenslide.so.1', 'libopenslide.so.0'];

/** Each keeps up to 32 MB of decoded tiles. */
const MAX_OPEN_SLIDES = 8;

const PROPERTIES = {
  mppX: 'openslide.mpp-x',
  mppY: 'openslide.mpp-y',
  objective: 'openslide.objective-power',
  background: 'openslide.background-color',
  quickhash: 'openslide.quickhash-1',
  tileWidth: 'openslide.level[0].tile-width',
  tileHeight: 'openslide.level[0].tile-height',
};

/** More than any slide has. */
const MAX_ASSOCIATED = 100;
const MAX_PROFILE_BYTES = 64 * 1024 ** 2;

/** Why the library cannot be had. */
class Missing extends Error {}

/** @throws Error where the library has failed on a slide */
function check(error, version) {
  if (error !== null) throw new Error(`OpenSlide ${version} says: ${error}`);
}

let loading;
function library() {
  loading ??= load();
  return loading;
}

async function load() {
  const koffi = await import('koffi').then(
    (module) => module.default,
    () => {
      throw new Missing('the package koffi is not installed');
    },
  );
  let found;
  for (const name of LIBRARIES[process.platform] ?? LINUX_LIBRARIES) {
    try {
      found = koffi.load(name);
      break;
    } catch {
      // Another one may be there.
    }
  }
  if (found === undefined) throw new Missing('the library is not installed');
  koffi.opaque('openslide_t');
  const asynchronous = (declaration) => {
    const { async: call } = found.func(declaration);
    return (...values) =>
      new Promise((resolve, reject) => {
        call(...values, (error, result) => (error ? reject(error) : resolve(result)));
      });
  };
  return {
    version: found.func('const char *openslide_get_version()')(),
    vendorOf: asynchronous('const char *openslide_detect_vendor(const char *file)'),
    open: asynchronous('openslide_t *openslide_open(const char *file)'),
    close: found.func('void openslide_close(openslide_t *slide)'),
    errorOf: found.func('const char *openslide_get_error(openslide_t *slide)'),
    levelCount: found.func('int32_t openslide_get_level_count(openslide_t *slide)'),
    levelSize: found.func(
      'void openslide_get_level_dimensions(openslide_t *slide, int32_t level, _Out_ int64_t *width, _Out_ int64_t *height)',
    ),
    downsampleOf: found.func('double openslide_get_level_downsample(openslide_t *slide, int32_t level)'),
    property: found.func('const char *openslide_get_property_value(openslide_t *slide, const char *name)'),
    pointerBytes: koffi.sizeof('void *'),
    textAt: (pointer, offset) => koffi.decode(pointer, offset, 'const char *'),
    associatedNames: found.func('const char **openslide_get_associated_image_names(openslide_t *slide)'),
    associatedSize: found.func(
      'void openslide_get_associated_image_dimensions(openslide_t *slide, const char *name, _Out_ int64_t *width, _Out_ int64_t *height)',
    ),
    readAssociated: asynchronous(
      'void openslide_read_associated_image(openslide_t *slide, const char *name, uint32_t *pixels)',
    ),
    profile: profileCalls(found, asynchronous),
    read: asynchronous(
      'void openslide_read_region(openslide_t *slide, uint32_t *pixels, int64_t x, int64_t y, int32_t level, int64_t width, int64_t height)',
    ),
  };
}

/** Colour profiles are told of by OpenSlide 4.0 and later. */
function profileCalls(found, asynchronous) {
  try {
    return {
      size: found.func('int64_t openslide_get_icc_profile_size(openslide_t *slide)'),
      read: asynchronous('void openslide_read_icc_profile(openslide_t *slide, void *profile)'),
    };
  } catch {
    return undefined;
  }
}

/** Opened slides by version and file, the one used longest ago first. */
const slides = new Map();

async function opened(file, version) {
  const key = `${version} ${file}`;
  const slide = slides.get(key) ?? { key, users: 0, kept: true, handle: open(file) };
  slides.delete(key);
  slides.set(key, slide);
  if (slides.size > MAX_OPEN_SLIDES) forget(slides.values().next().value);
  return slide;
}

async function open(file) {
  const { vendorOf, open: openSlide, errorOf, close, version } = await library();
  if ((await vendorOf(file)) === null) throw new Error(`OpenSlide ${version} does not know this kind of file`);
  const handle = await openSlide(file);
  if (!handle) throw new Error(`OpenSlide ${version} cannot open it`);
  try {
    check(errorOf(handle), version);
  } catch (error) {
    close(handle);
    throw error;
  }
  return handle;
}

function forget(slide) {
  slides.delete(slide.key);
  slide.kept = false;
  closeIfUnused(slide);
}

function closeIfUnused(slide) {
  if (slide.kept || slide.users > 0) return;
  slide.handle.then(async (handle) => (await library()).close(handle)).catch(() => {});
}

/** A slide that stays open while it is used. After a failure OpenSlide refuses everything else of it: it is opened anew. */
async function using({ file, version }, use) {
  const slide = await opened(file, version);
  slide.users++;
  try {
    return await use(await slide.handle, await library());
  } catch (error) {
    forget(slide);
    throw error;
  } finally {
    slide.users--;
    closeIfUnused(slide);
  }
}

function describe(handle, { levelCount, levelSize, downsampleOf, property, errorOf, version }) {
  const levels = Array.from({ length: levelCount(handle) }, (_, index) => {
    const [width, height] = [[0], [0]];
    levelSize(handle, index, width, height);
    return { index, width: Number(width[0]), height: Number(height[0]), downsample: downsampleOf(handle, index) };
  });
  const properties = Object.fromEntries(Object.entries(PROPERTIES).map(([key, name]) => [key, property(handle, name)]));
  check(errorOf(handle), version);
  return { levels, ...properties };
}

/** RGB bytes of a region, or the picture file of them: that has a tenth of the bytes to send. */
async function read({ level, x, y, width, height, coding }, handle, { read: readRegion, errorOf, property, version }) {
  const pixels = new Uint32Array(width * height);
  await readRegion(handle, pixels, x, y, level, width, height);
  check(errorOf(handle), version);
  const rgb = overBackground(pixels, property(handle, PROPERTIES.background) ?? 'ffffff');
  if (coding === undefined) return rgb;
  const sharp = await encoder();
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .toFormat(coding.format, coding.options)
    .toBuffer();
}

let encoding;
/** Loaded with the first picture: most of those who read pixels want none. */
function encoder() {
  encoding ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    return sharp;
  });
  return encoding;
}

/** The ICC profile that a slide's colours are in, or null. */
async function readProfile(handle, { profile, errorOf, version }) {
  const size = Number(profile?.size(handle) ?? 0);
  check(errorOf(handle), version);
  if (!(size > 0 && size <= MAX_PROFILE_BYTES)) return null;
  const bytes = new Uint8Array(size);
  await profile.read(handle, bytes);
  check(errorOf(handle), version);
  return bytes;
}

/** The pictures that a slide has beside itself. */
function associated(handle, { associatedNames, associatedSize, textAt, pointerBytes, errorOf, version }) {
  const names = associatedNames(handle);
  const found = [];
  for (let index = 0; index < MAX_ASSOCIATED; index++) {
    const name = textAt(names, index * pointerBytes);
    if (name === null) break;
    const [width, height] = [[0], [0]];
    associatedSize(handle, name, width, height);
    found.push({ name, width: Number(width[0]), height: Number(height[0]) });
  }
  check(errorOf(handle), version);
  return found;
}

/** One of them, whose size `associated` has told. */
async function readAssociated({ name, width, height }, handle, calls) {
  const { readAssociated: readPicture, errorOf, property, version } = calls;
  const isSame = (picture) => picture.name === name && picture.width === width && picture.height === height;
  // The library writes as much as it has, wherever the memory ends.
  if (!associated(handle, calls).some(isSame)) throw new Error(`${name} has another size than before`);
  const pixels = new Uint32Array(width * height);
  await readPicture(handle, name, pixels);
  check(errorOf(handle), version);
  return overBackground(pixels, property(handle, PROPERTIES.background) ?? 'ffffff');
}

async function answer(request) {
  if (request.ask === 'describe') return using(request, describe);
  if (request.ask === 'profile') return using(request, readProfile);
  if (request.ask === 'associated') return using(request, associated);
  if (request.ask === 'read-associated') {
    return using(request, (handle, calls) => readAssociated(request, handle, calls));
  }
  if (request.ask === 'read') return using(request, (handle, calls) => read(request, handle, calls));
  for (const slide of [...slides.values()]) if (slide.key === `${request.version} ${request.file}`) forget(slide);
  return null;
}

/** Where `pixel-frames.ts` takes them from. */
const pixelStream = new Socket({ fd: 4, readable: false, writable: true });
pixelStream.on('error', () => {});

function sendPixels({ id, answer: pixels }) {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(id, 0);
  header.writeUInt32LE(pixels.length, 4);
  pixelStream.cork();
  pixelStream.write(header);
  pixelStream.write(pixels);
  pixelStream.uncork();
}

process.on('message', async (request) => {
  let reply;
  try {
    reply = { id: request.id, answer: await answer(request) };
  } catch (error) {
    reply = { id: request.id, error: error.message, missing: error instanceof Missing };
  }
  if (!process.connected) return;
  if (reply.answer instanceof Uint8Array) sendPixels(reply);
  else process.send(reply);
});
// An ordinary exit would wait for a call that hangs.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

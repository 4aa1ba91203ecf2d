import { Problem } from '../errors.ts';
import { type AssociatedReader, readerNamed } from './readers.ts';
import { type Recognized, recognize } from './recognize.ts';
import type { AssociatedImage, RgbImage } from './slide.ts';

/**
 * Names of pictures on which no label can be seen: the label has the patient's name or number, and the macro image is a
 * photograph of the whole glass, label included. What has another name is taken for one of these.
 */
const LABEL_FREE: ReadonlySet<string> = new Set(['thumbnail']);

/** Pixels of a picture that is decoded whole: 200 MB. */
const MOST_PIXELS = 2 ** 26;

/**
 * The pictures that a file has beside the slide, in the order of their names.
 * @param labels whether those that show the label are among them
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function listAssociated(file: string, labels: boolean): Promise<AssociatedImage[]> {
  const { images } = await associatedOf(file);
  return images.filter(({ name }) => labels || LABEL_FREE.has(name));
}

/**
 * One of them.
 * @throws Problem `not-found` where there is none of this name, or one that is not to be seen; `unreadable-slide`
 */
export async function readAssociated(file: string, wanted: string, labels: boolean): Promise<RgbImage> {
  if (!labels && !LABEL_FREE.has(wanted)) {
    throw new Problem(
      'not-found',
      `${JSON.stringify(wanted)} may show the slide's label, a patient's name: the server shows such images only when it is started with --labels`,
    );
  }
  const { images, recognized, reader } = await associatedOf(file);
  const image = images.find(({ name }) => name === wanted);
  if (image === undefined || reader === undefined) {
    throw new Problem('not-found', `the slide has no associated image ${JSON.stringify(wanted)}`);
  }
  return reader.read(recognized, image);
}

interface Associated {
  recognized: Recognized;
  reader?: AssociatedReader;
  images: AssociatedImage[];
}

async function associatedOf(file: string): Promise<Associated> {
  const recognized = await recognize(file);
  const { associated: reader } = await readerNamed(recognized.reader);
  if (reader === undefined) return { recognized, images: [] };
  const images = (await reader.list(recognized)).filter(
    ({ width, height }) => width > 0 && height > 0 && width * height <= MOST_PIXELS,
  );
  return { recognized, reader, images: images.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

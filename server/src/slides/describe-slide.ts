import { join } from 'node:path';
import { fileVersion } from './file-version.ts';
import { slideFingerprint } from './fingerprint.ts';
import { type DescriptionOptions, readerNamed } from './readers.ts';
import { recognize } from './recognize.ts';
import type { SlideDescription, SlideHeader } from './slide.ts';

export type DescribeOptions = Omit<DescriptionOptions, 'fingerprint' | 'version'>;

/**
 * Size, format and resolution of a slide: enough for a listing, at the cost of reading its header.
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function readSlideHeader(file: string): Promise<SlideHeader> {
  const recognized = await recognize(file);
  return (await readerNamed(recognized.reader)).header(recognized);
}

/**
 * Everything that is needed to read a slide, by the reader that its contents choose.
 * @throws Problem `not-found`, `unreadable-slide`, or `failed` where the store cannot be written
 */
export async function describeSlide(file: string, options: DescribeOptions): Promise<SlideDescription> {
  const version = await fileVersion(file);
  const recognized = await recognize(file);
  const reader = await readerNamed(recognized.reader);
  const fingerprint = await slideFingerprint(recognized.index === undefined ? file : join(file, recognized.index));
  return reader.describe(recognized, { ...options, fingerprint, version });
}

/** Whether a slide that lies elsewhere still is what it was when it was described, as far as is known. */
export async function isCurrentSlide(description: SlideDescription): Promise<boolean> {
  return (await readerNamed(description.reader)).isCurrent?.(description) ?? true;
}

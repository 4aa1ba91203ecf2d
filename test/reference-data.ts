import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = process.env.CAM_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));

/** Folder of real slides and models with their expected values, or undefined where there is none: such tests are skipped. */
export const referenceData: string | undefined = existsSync(folder) ? folder : undefined;

if (referenceData === undefined) console.log('No reference data (set CAM_DATA): tests against it are skipped.');

// Finds a Chromium for the end-to-end tests and the screenshots; on Debian and Ubuntu as root, installs one.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
];

/**
 * @returns {string | undefined} a browser's path: the environment variable CHROMIUM where it is set, else the first of
 *   the usual names in the usual places
 */
export function findChromium() {
  if (process.env.CHROMIUM) return executable(process.env.CHROMIUM) ? process.env.CHROMIUM : undefined;
  const folders = [...(process.env.PATH ?? '').split(path.delimiter).filter(Boolean), ...PLACES];
  return [...NAMES, 'Google Chrome', 'Chromium']
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find(executable);
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Installs Debian's package where that needs no password. @returns whether it went well */
function installWithApt() {
  if (process.getuid?.() !== 0 || !executable('/usr/bin/apt-get')) return false;
  const apt = (...args) =>
    spawnSync('/usr/bin/apt-get', args, {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  return apt('update', '-q') && apt('install', '-q', '-y', '--no-install-recommends', 'chromium');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (findChromium() === undefined) {
    if (process.env.CHROMIUM) {
      console.error(`CHROMIUM names ${process.env.CHROMIUM}, which is no program; set it to a Chromium or Chrome.`);
      process.exit(1);
    }
    console.error('No Chromium found; installing the package chromium.');
    if (!installWithApt() || findChromium() === undefined) {
      console.error('The browser tests need Chromium or Chrome: install one, or set CHROMIUM to its path.');
      process.exit(1);
    }
  }
}

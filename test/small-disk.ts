import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A file system of its own in memory. */
export interface SmallDisk {
  folder: string;
  /** Fails while a file in it is open for writing, if it is to be read-only. */
  remount(mode: 'ro' | 'rw'): void;
  unmount(): void;
}

/** A disk of so many bytes at a folder; undefined where it cannot be had: only root may mount one. */
export function smallDisk(folder: string, bytes: number): SmallDisk | undefined {
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', folder], { stdio: 'ignore' });
  } catch {
    console.log('skipped: what needs a small disk (no tmpfs can be mounted here)');
    return undefined;
  }
  return {
    folder,
    remount(mode) {
      execFileSync('mount', ['-o', `remount,${mode}`, folder]);
    },
    unmount() {
      execFileSync('umount', [folder]);
    },
  };
}

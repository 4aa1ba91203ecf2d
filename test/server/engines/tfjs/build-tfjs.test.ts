import { expect, it } from 'vitest';
import { placeInDeps, refusalFor } from '../../../../scripts/build-tfjs.mjs';

it.each([
  ['linux', 'x64', '2.36', undefined],
  ['linux', 'x64', undefined, 'Linux without glibc'],
  ['linux', 'arm64', '2.36', 'linux arm64'],
  ['darwin', 'arm64', undefined, 'darwin arm64'],
  ['win32', 'x64', undefined, 'win32 x64'],
])('on %s %s with glibc %s', (platform, arch, glibc, found) => {
  const expected = `This makes the engine for Linux on x86-64 with glibc, found ${found}; elsewhere: npm install @tensorflow/tfjs-node`;
  expect(refusalFor(platform, arch, glibc)).toBe(found && expected);
});

it.each([
  ['tensorflow/libtensorflow_cc.so.2', 'lib/libtensorflow_cc.so.2'],
  ['tensorflow/libtensorflow_framework.so.2', 'lib/libtensorflow_framework.so.2'],
  ['tensorflow/include/tensorflow/c/c_api.h', 'include/tensorflow/c/c_api.h'],
  ['tensorflow/include/tsl/platform/status.h', 'include/tsl/platform/status.h'],
  ['tensorflow/include/tensorflow/core/ops/ops.h', undefined],
  ['tensorflow/python/_pywrap.so', undefined],
  ['tensorflow/include/../../tsl/x.h', undefined],
])('of the wheel, %s goes to %s', (entry, place) => {
  expect(placeInDeps(entry)).toBe(place);
});

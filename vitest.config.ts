import { configDefaults, defineConfig } from 'vitest/config';

/** Minutes in a browser: run by `npm run test:long`, so that every change is checked in ten minutes on two cores. */
export const LONG = [
  'test/demo/accessibility.test.ts',
  'test/demo/compare.test.ts',
  'test/demo/embed.test.ts',
  'test/demo/slide-picture.test.ts',
  'test/demo/theme.test.ts',
  'test/demo/uploads-accessibility.test.ts',
  'test/demo/uploads.test.ts',
  'test/end-to-end/placement.test.ts',
  'test/examples/examples.test.ts',
  'test/plugin/accessibility.test.ts',
  'test/plugin/consumer-types.test.ts',
  'test/plugin/destroyed.test.ts',
  'test/plugin/growth.test.ts',
  'test/plugin/lost-server.test.ts',
  'test/plugin/panel-keys.test.ts',
  'test/plugin/static-host.test.ts',
  'test/plugin/touch.test.ts',
];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...LONG],
    // Nothing waits for these where all is well: a machine that is busy may take ten times as long as one that is not.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    globalSetup: 'test/made-once.ts',
    // Two cores: more workers than that only slow each other's servers and browsers down.
    maxWorkers: 2,
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // A page beside another test's network is slow to draw.
    expect: { poll: { timeout: 5000 } },
    // Two cores: more workers than that only slow each other's servers and browsers down.
    maxWorkers: 2,
  },
});

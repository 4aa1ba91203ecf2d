import { defineConfig } from 'vitest/config';
import { findRuntime } from './server/src/engines/tfjs/runtime.ts';

// Says how to get the runtime, before any test, where there is none.
findRuntime();

/** The engine tfjs-float32 on TensorFlow's native library: its own tests, and whole models. */
export default defineConfig({
  test: {
    include: ['test/server/engines/tfjs/**/*.{test,native}.ts', 'test/server/models/fixtures-tfjs.test.ts'],
    env: { TEST_TFJS_NODE: '1' },
    // The native library is loaded once in a process.
    pool: 'forks',
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});

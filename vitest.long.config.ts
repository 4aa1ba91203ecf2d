import { defineConfig } from 'vitest/config';
import configuration, { LONG } from './vitest.config.ts';

/** The tests that `npm test` leaves out for the time that they take. */
export default defineConfig({ test: { ...configuration.test, include: LONG, exclude: [] } });

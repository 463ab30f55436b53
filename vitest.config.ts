import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/allclose.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: the native library takes both, so more workers only get in each other's way.
    maxWorkers: 2,
  },
});

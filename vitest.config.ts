import { defineConfig } from 'vitest/config';

/** Tests read the sources of every package, so they need no build; those that start processes use dist. */
export default defineConfig({
  resolve: { conditions: ['fogwisp-source'] },
  ssr: { resolve: { conditions: ['fogwisp-source'] } },
  test: {
    include: ['*/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '*/test/world/**'],
    testTimeout: 120_000, // a Raspberry Pi is several times slower than a desk
    hookTimeout: 60_000,
    maxWorkers: 2, // by itself it leaves one of two cores idle
  },
});

import { defineConfig } from 'vitest/config';

/** What needs more than Node: Mosquitto, socat, root, a C compiler, or many minutes. */
export default defineConfig({
  resolve: { conditions: ['fogwisp-source'] },
  ssr: { resolve: { conditions: ['fogwisp-source'] } },
  test: {
    include: ['*/test/world/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});

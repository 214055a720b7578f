import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildHosts } from '../../../firmware-shim/test/engines/hosts.js';
import { missingTools } from '../../../firmware-shim/test/engines/toolchain.js';
import { CommandLine } from '../command-line.js';
import { until } from '../fake-mesh.js';
import { processesWith } from '../processes.js';

const missing = await missingTools();
const isSkipped = missing !== '' && process.env['CI'] !== 'true';
const why = isSkipped ? ` (skipped: install ${missing})` : '';

describe.skipIf(isSkipped)(`fogwisp demo with a compiler at hand${why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  it('has two more peers, in XS and QuickJS, and ends them', { timeout: 400_000 }, async () => {
    await buildHosts(() => undefined);
    const demo = new CommandLine(['demo'], {
      XDG_RUNTIME_DIR: folder,
      TMPDIR: folder,
      XDG_STATE_HOME: folder,
    });
    for (const peer of ['engine-xs', 'engine-quickjs']) {
      await demo.until(new RegExp(`hearth -> ${peer} {2}online relayed`), 60_000);
      await demo.until(new RegExp(`hearth -> ${peer} {2}uptime`), 60_000);
    }
    expect((await demo.end('SIGINT')).code).toBe(0);
    await until('the end of all processes', () => processesWith(folder).length === 0);
  });
});

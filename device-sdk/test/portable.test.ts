import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const entry = fileURLToPath(new URL('portable/entry.ts', import.meta.url));
const bareHost = fileURLToPath(new URL('../src/host/bare.ts', import.meta.url));

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'neutral',
    format: 'iife',
    globalName: 'portable',
    conditions: ['fogwisp-source'],
    alias: { '#host': bareHost },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

describe('the package on an engine without a standard library', () => {
  it('starts, connects, asks and answers with nothing but ECMAScript', async () => {
    const context = createContext({});
    runInContext('delete globalThis.console', context); // V8 puts one into each context
    runInContext(await bundle(), context);
    expect(
      runInContext('typeof setTimeout + typeof console + typeof TextEncoder + typeof URL', context),
    ).toBe('undefinedundefinedundefinedundefined');
    expect(await runInContext('portable.main()', context)).toBe(42);
  });

  it('says what the host must bring', async () => {
    const { Device, createNetwork } = await import('../src/index.js');
    const { host } = await import('../src/host/bare.js');
    expect(Device).toBeDefined();
    expect(() => createNetwork(host.platform('', false))).toThrow('pass `platform` to Device.start');
    await expect(host.readText('fog.network')).rejects.toThrow('pass the text of fog.network as `network`');
    const port = { networkId: '', addLink: () => 1, addSource: () => undefined, connect: () => undefined };
    await expect(host.openLink({ kind: 'lan' }, port)).rejects.toThrow('pass a Link object');
    expect(host.defaultLinks).toEqual([]);
    host.logger.warn('to nobody');
  });

  it('brings the part of AbortController that responders need', async () => {
    const { host } = await import('../src/host/bare.js');
    const abort = host.makeAbort();
    let count = 0;
    const once = () => {
      count++;
    };
    abort.signal.addEventListener('abort', once);
    abort.signal.addEventListener('abort', () => count++);
    abort.signal.removeEventListener('abort', once);
    expect(abort.signal.aborted).toBe(false);
    abort.abort();
    abort.abort();
    expect([abort.signal.aborted, count]).toEqual([true, 1]);
  });
});

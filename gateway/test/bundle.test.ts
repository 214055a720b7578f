import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from './readme.js';

const PACKAGES = ['protocol', 'firmware-shim', 'device-sdk'];

interface Door {
  readonly node?: string;
  readonly default: string;
}

/** What Node is given, beside the modules that it was made of. */
function bundled(): readonly { readonly door: string; readonly bundle: string; readonly modules: string }[] {
  return PACKAGES.flatMap((name) => {
    const root = join(ROOT, name);
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return Object.entries<Door>(exports).flatMap(([path, { node, default: modules }]) => {
      if (node === undefined) return [];
      return [{ door: `${name} ${path}`, bundle: join(root, node), modules: join(root, modules) }];
    });
  });
}

async function run(program: string): Promise<string> {
  const words = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: join(ROOT, 'gateway') });
  return stdout.trim();
}

describe('the files that Node loads', () => {
  it.each(bundled())('have every name of the modules: $door', async ({ bundle, modules }) => {
    const program = `
      const [bundle, modules] = await Promise.all([import('${bundle}'), import('${modules}')]);
      const [names, wanted] = [bundle, modules].map((each) => Object.keys(each));
      console.log(wanted.length > 0 && wanted.filter((name) => !names.includes(name)).join());`;
    expect(await run(program)).toBe('');
  });

  it('have no names but those of the modules', async () => {
    for (const bundle of new Set(bundled().map((each) => each.bundle))) {
      const modules = bundled().flatMap((each) => (each.bundle === bundle ? [each.modules] : []));
      const program = `
        const loading = ${JSON.stringify([bundle, ...modules])}.map((path) => import(path));
        const [names, ...wanted] = (await Promise.all(loading)).map((each) => Object.keys(each));
        console.log(names.filter((name) => !wanted.flat().includes(name)).join());`;
      expect(await run(program)).toBe('');
    }
  });

  it('are few', () => {
    const files = PACKAGES.flatMap((name) => readdirSync(join(ROOT, name, 'dist/bundle')));
    expect(files.filter((file) => file.endsWith('.js')).length).toBeLessThan(8);
    expect(files.filter((file) => !file.endsWith('.js'))).toEqual([]);
  });

  it('have one of each class, by whichever door it is asked for', async () => {
    const program = `
      import { ShimError } from '@fogwisp/firmware-shim';
      import { udpLink } from '@fogwisp/firmware-shim/node';
      const link = udpLink({ bind: '203.0.113.9', port: 0 }); // an address that no machine has
      const ended = (_reason, error) => { link.close(); console.log(error instanceof ShimError); };
      link.open({ up() {}, packet() {}, down: ended });`;
    expect(await run(program)).toBe('true');
  });
});

import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { needs } from '../needs.js';
import { Cable } from './pty.js';
import { scratchDirectory } from './scratch.js';
import { runAsStranger } from './stranger.js';

const socat = needs('socat', 'a serial port that belongs to others');

describe('a state directory that belongs to others', () => {
  it('is refused, with what to do', async () => {
    const parent = scratchDirectory();
    const directory = join(parent, 'state');
    chmodSync(parent, 0o755);
    mkdirSync(directory, { mode: 0o500 });
    const said = await runAsStranger(
      'await new FileStore(process.argv[1]).load().catch((e) => console.log(e.code + ": " + e.message));',
      directory,
    );
    expect(said).toMatch(
      new RegExp(
        `^stateUnwritable: state directory ${directory} is not writable: ` +
          'give it to user \\S+ \\(chown\\), or choose another directory$',
      ),
    );
  });
});

describe.skipIf(socat.isMissing)(socat.title, () => {
  it('is refused, with what to do', async () => {
    const cable = new Cable(scratchDirectory());
    await cable.plug();
    onTestFinished(() => cable.unplug());
    chmodSync(dirname(cable.ends[0]), 0o755);
    chmodSync(cable.ends[0], 0);
    const said = await runAsStranger(
      `const link = serialLink({ path: process.argv[1] });
       const down = (reason, error) => { console.log(error.code + ': ' + reason); link.close(); };
       link.open({ up() {}, packet() {}, down });`,
      cable.ends[0],
    );
    expect(said).toMatch(
      new RegExp(
        `^permissionDenied: user (\\S+) may not open ${cable.ends[0]}: ` +
          "run 'sudo usermod -aG dialout \\1' and log in again$",
      ),
    );
  });
});

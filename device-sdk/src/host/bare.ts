import { BOARD_LIMITS } from '@fogwisp/protocol';
import { FogError } from '../errors.js';
import type { Host } from './host.js';

/**
 * Engines without a standard library (XS, QuickJS): the author passes the platform, the links and the network
 * text.
 */
export const host: Host = {
  limits: BOARD_LIMITS,
  logger: { warn: () => undefined },
  defaultLinks: [],
  platform() {
    throw new FogError('hostNeeded', 'this engine has no default platform: pass `platform` to Device.start');
  },
  async readText(path) {
    throw new FogError('hostNeeded', `this engine has no files: pass the text of ${path} as \`network\``);
  },
  async openLink(spec, _port, introductions = []) {
    if (introductions.length > 0) return; // the addresses of a ticket are for who has sockets
    throw new FogError('hostNeeded', `this engine cannot open "${spec.kind}" by itself: pass a Link object`);
  },
  makeAbort: makeBareAbort,
};

/** The part of AbortController that responders use, for engines that have none. */
function makeBareAbort(): AbortController {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    addEventListener(_kind: 'abort', listener: () => void): void {
      listeners.add(listener);
    },
    removeEventListener(_kind: 'abort', listener: () => void): void {
      listeners.delete(listener);
    },
  };
  const abort = (): void => {
    if (signal.aborted) return;
    signal.aborted = true;
    for (const listener of [...listeners]) listener();
  };
  // A border: the types are those of Node, the engine has only this part.
  return { signal, abort } as unknown as AbortController;
}

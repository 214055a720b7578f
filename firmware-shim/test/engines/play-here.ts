import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { Player } from './programs/play.js';
import { type PlayResult, readPlay } from './run-host.js';

/** The script in this very Node: what every engine must do as well. */
export function playHere(script: Uint8Array): PlayResult {
  const view = new DataView(script.buffer, script.byteOffset, script.length);
  let at = 0;
  let printed = '';
  const next = (): ArrayBuffer | undefined => {
    if (at >= script.length) return undefined;
    const length = view.getUint32(at, true);
    at += 4 + length;
    return new Uint8Array(script.subarray(at - length, at)).buffer;
  };
  const print = (text: string): void => {
    printed = text;
  };
  new Player({ print, next, measure: () => undefined }, nodeSuite()).play();
  const { result } = readPlay(printed, 0);
  if (result === undefined) throw new Error('the player says what it did');
  return result;
}

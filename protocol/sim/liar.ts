import {
  type CryptoSuite,
  encodeUtf8,
  type Instant,
  type LinkAddress,
  type NodeInput,
  type NodeOutput,
} from '@fogwisp/protocol';
import { tampering } from './tampering.js';
import type { SimNode } from './trace.js';

/** What is asked for by this path is said otherwise. */
export const LIE = 'what no member says';
const MARK = encodeUtf8(LIE);
/** Of the shortest tag. */
const TAIL_BYTES = 8;

/**
 * A member that means harm: the shipped node, which seals something else where it was asked for `LIE`, and
 * whose packets may go another way than it says.
 */
export class Liar {
  /** Said next. */
  lie: Uint8Array | undefined;
  /** Changes what it says by itself; undefined leaves it. */
  change: ((plain: Uint8Array) => Uint8Array | undefined) | undefined;
  /** Sees all that it sends; true: that does not go out. */
  onPacket: ((bytes: Uint8Array, isLie: boolean, to: LinkAddress) => boolean) | undefined;
  /** How a packet ends that was sealed so and not sent yet. */
  #tail: Uint8Array | undefined;

  suite(suite: CryptoSuite): CryptoSuite {
    let isLie = false;
    const lying = tampering(suite, (plain) => {
      const other = this.#instead(plain);
      isLie = other !== undefined;
      return other ?? plain;
    });
    const { sealBehind } = lying;
    const keep = (sealed: Uint8Array): Uint8Array => {
      if (isLie) this.#tail = new Uint8Array(tailOf(sealed));
      isLie = false;
      return sealed;
    };
    return {
      ...lying,
      seal: (...all) => keep(lying.seal(...all)),
      ...(sealBehind !== undefined && { sealBehind: (...all) => keep(sealBehind(...all)) }),
    };
  }

  disguise(node: SimNode): SimNode {
    return new Mouth(node, (bytes, to) => {
      const isLie = this.#tail?.every((byte, i) => byte === tailOf(bytes)[i]) === true;
      if (isLie) this.#tail = undefined;
      return this.onPacket?.(bytes, isLie, to) === true;
    });
  }

  #instead(plain: Uint8Array): Uint8Array | undefined {
    const { lie } = this;
    if (lie === undefined || !contains(plain, MARK)) return this.change?.(plain);
    this.lie = undefined;
    return lie;
  }
}

/** Between a node and its host: some packets do not go where the node says. */
class Mouth implements SimNode {
  readonly #node: SimNode;
  readonly #isTaken: (bytes: Uint8Array, to: LinkAddress) => boolean;

  constructor(node: SimNode, isTaken: (bytes: Uint8Array, to: LinkAddress) => boolean) {
    this.#node = node;
    this.#isTaken = isTaken;
  }

  handleInput(now: Instant, input: NodeInput): void {
    this.#node.handleInput(now, input);
  }

  pollOutput(): NodeOutput | undefined {
    let output = this.#node.pollOutput();
    while (output?.kind === 'transmit' && this.#isTaken(output.bytes, String(output.to))) {
      output = this.#node.pollOutput();
    }
    return output;
  }

  pollTimeout(): Instant | undefined {
    return this.#node.pollTimeout();
  }
}

/** Its tag, or a part of it. */
function tailOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES));
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}

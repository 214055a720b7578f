import type { Instant, NodeInput, NodeOutput } from '@fogwisp/protocol';
import type { SimNode } from './trace.js';

/** What stands between a node and its host: for controls. */
export type Disguise = (node: SimNode) => SimNode;

/** First bytes of frames that are forwarded by label and by id (SPEC §4.1). */
const LABEL_FIRST = 0x18;
const LABEL_LAST = 0x3f;
const BY_ID = 0x70;
/** A forwarded packet ends as it came in, with its tag. */
const TAIL_BYTES = 16;

/**
 * A node that takes part in everything and forwards nothing: what other nodes sent stays with it. The
 * control of every claim that needs forwarding by all.
 */
export class ForwardsNothing implements SimNode {
  readonly #node: SimNode;
  #tail: Uint8Array | undefined;

  constructor(node: SimNode) {
    this.#node = node;
  }

  handleInput(now: Instant, input: NodeInput): void {
    const isFrame = input.kind === 'packet' && isForwarded(input.bytes);
    this.#tail = isFrame ? new Uint8Array(tailOf(input.bytes)) : undefined;
    this.#node.handleInput(now, input);
  }

  pollOutput(): NodeOutput | undefined {
    let output = this.#node.pollOutput();
    while (output !== undefined && this.#isForwarding(output)) output = this.#node.pollOutput();
    return output;
  }

  pollTimeout(): Instant | undefined {
    return this.#node.pollTimeout();
  }

  #isForwarding(output: NodeOutput): boolean {
    const tail = this.#tail;
    if (tail === undefined || output.kind !== 'transmit' || !isForwarded(output.bytes)) return false;
    const other = tailOf(output.bytes);
    return tail.every((byte, i) => byte === other[i]);
  }
}

/**
 * While nobody asks it anything, it lets out one packet to each address in so many ms, as a node does whose
 * keepalives are that rare.
 */
export class SpeaksRarely implements SimNode {
  readonly #node: SimNode;
  readonly #rest: { readonly isOn: boolean };
  readonly #everyMs: number;
  readonly #spokenAt = new Map<string, Instant>();
  #now: Instant = 0;

  constructor(node: SimNode, rest: { readonly isOn: boolean }, everyMs: number) {
    this.#node = node;
    this.#rest = rest;
    this.#everyMs = everyMs;
  }

  handleInput(now: Instant, input: NodeInput): void {
    this.#now = now;
    this.#node.handleInput(now, input);
  }

  pollOutput(): NodeOutput | undefined {
    let output = this.#node.pollOutput();
    while (output?.kind === 'transmit' && !this.#mayGo(String(output.to))) output = this.#node.pollOutput();
    return output;
  }

  pollTimeout(): Instant | undefined {
    return this.#node.pollTimeout();
  }

  #mayGo(to: string): boolean {
    const spokenAt = this.#spokenAt.get(to);
    if (this.#rest.isOn && spokenAt !== undefined && this.#now < spokenAt + this.#everyMs) return false;
    this.#spokenAt.set(to, this.#now);
    return true;
  }
}

function isForwarded(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  return first === BY_ID || (first >= LABEL_FIRST && first <= LABEL_LAST);
}

function tailOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES));
}

import { unreachable } from '../../src/unreachable.js';
import { Arrivals, ask, memoryNow, obeyParent, pump } from './obedience.js';
import type { Order, Outcome } from './orders.js';
import { openRawSocket, type RawSocket } from './raw-socket.js';

/**
 * An end without any protocol: what the socket itself gives, measured by the same orders. The first byte of
 * a message tells a request from its answer and from a publication.
 */
const PUBLICATION = 0;
const REQUEST = 1;
const ANSWER = 2;

class RawEnd {
  readonly #arrivals = new Arrivals();
  #socket: RawSocket | undefined;
  #answered: (() => void) | undefined;

  async obey(order: Order): Promise<Outcome> {
    switch (order.kind) {
      case 'start': {
        const socket = await openRawSocket(order.part.link, (message) => this.#onMessage(message));
        this.#socket = socket;
        return { address: socket.address };
      }
      case 'publish': {
        const message = new Uint8Array(order.bytes).fill(PUBLICATION);
        return pump(order, async () => this.#socket?.send(message));
      }
      case 'request': {
        const message = new Uint8Array(order.bytes);
        message[0] = REQUEST;
        return ask(order.count, () => this.#request(message));
      }
      case 'collect':
        return this.#arrivals.collect(order.count);
      case 'report':
        return memoryNow();
      case 'meet':
      case 'subscribe':
      case 'crowd':
      case 'disperse':
        return {};
      case 'stop':
        this.#socket?.close();
        return {};
      default:
        return unreachable(order);
    }
  }

  #request(message: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      void this.#socket?.send(message);
    });
  }

  #onMessage(message: Uint8Array): void {
    const kind = message[0];
    if (kind === PUBLICATION) this.#arrivals.add();
    if (kind === ANSWER) this.#answered?.();
    if (kind !== REQUEST) return;
    const answer = new Uint8Array(message);
    answer[0] = ANSWER;
    void this.#socket?.send(answer);
  }
}

const end = new RawEnd();
obeyParent((order) => end.obey(order));

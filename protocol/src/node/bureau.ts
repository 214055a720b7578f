import { shortKeyOf } from '../identity/id.js';
import { unreachable } from '../kernel/assert.js';
import type { Instant } from '../kernel/time.js';
import type { IndexMessage, IndexOutput } from '../rendezvous/doors.js';
import { drop, type Parts } from './parts.js';

type Sending = Pick<Extract<IndexOutput, { kind: 'send' }>, 'message' | 'delivery'>;
type Towards = Omit<Extract<IndexOutput, { kind: 'sendTowards' }>, 'kind'>;

/** Carries what the index says to the neighbours, and what it finds to the services and the router. */
export class Bureau {
  readonly #parts: Parts;
  #holdersVersion = 0;
  #topicsVersion = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Before the outputs are taken: who keeps records, when that has changed, and what this node says. */
  refresh(now: Instant): void {
    const { router, index, services } = this.#parts;
    if (router.indexVersion !== this.#holdersVersion) {
      this.#holdersVersion = router.indexVersion;
      index.handleInput(now, { kind: 'holders', holders: router.indexHolders() });
    }
    if (services.topicsVersion !== this.#topicsVersion) {
      this.#topicsVersion = services.topicsVersion;
      index.handleInput(now, { kind: 'topics', ...services.topics });
    }
  }

  /** The application waits for somebody of that name, or no longer: undefined. */
  onNameWanted(now: Instant, name: string, until: Instant | undefined): void {
    const { index } = this.#parts;
    if (until === undefined) index.handleInput(now, { kind: 'known', name });
    else index.handleInput(now, { kind: 'seekName', name, until });
  }

  onAnnounced(now: Instant): void {
    const { index, services } = this.#parts;
    index.handleInput(now, { kind: 'own', ...services.own });
  }

  onMessage(now: Instant, neighbor: number, message: IndexMessage): void {
    const { peers, index } = this.#parts;
    if (peers.bySession(neighbor)?.isNeighbor !== true) return drop(this.#parts, undefined, 'notNeighbor');
    const destination = index.passTo(now, message);
    if (destination === undefined) return index.handleInput(now, { kind: 'message', neighbor, message });
    this.#sendTowards(now, { destination, except: neighbor, message, delivery: index.passing });
  }

  onIndex(now: Instant, output: IndexOutput): void {
    const { router, services, sessions } = this.#parts;
    switch (output.kind) {
      case 'send':
        return this.#send(now, output.neighbor, output);
      case 'sendTowards':
        return this.#sendTowards(now, output);
      case 'found': {
        const { node: destination, record, where: landmarks } = output;
        services.handleInput(now, { kind: 'told', record });
        if (landmarks.length === 0 || router.route(destination) !== undefined) return;
        return router.handleInput(now, { kind: 'seek', destination, landmarks });
      }
      // Its record need not be known: its key is enough for a session.
      case 'introduced': {
        const { peer, publicKey, where: landmarks } = output;
        const destination = shortKeyOf(peer);
        sessions.handleInput(now, { kind: 'learn', publicKey });
        services.handleInput(now, { kind: 'introduced', peer });
        if (landmarks.length === 0 || router.route(destination) !== undefined) return;
        return router.handleInput(now, { kind: 'seek', destination, landmarks });
      }
      case 'dropped':
        return drop(this.#parts, undefined, output.reason);
      default:
        return unreachable(output);
    }
  }

  #sendTowards(now: Instant, { destination, except, message, delivery }: Towards): void {
    const next = this.#parts.router.route(destination)?.neighbor;
    if (next === undefined || next === except) return drop(this.#parts, undefined, 'noRoute');
    this.#send(now, next, { message, delivery });
  }

  #send(now: Instant, neighbor: number, { message, delivery }: Sending): void {
    const peer = this.#parts.peers.bySession(neighbor)?.key;
    if (peer === undefined) return;
    this.#parts.sessions.handleInput(now, { kind: 'send', peer, message, delivery });
  }
}

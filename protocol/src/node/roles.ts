import type { PeerName, RoleReport } from '../api.js';
import { type ElectionOutput, isServing, type RoleFacts } from '../election/doors.js';
import { unreachable } from '../kernel/assert.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Message } from '../packet/message.js';
import { drop, type Parts } from './parts.js';
import type { Ways } from './ways.js';

const ROLE_KEY = 'role';

/** What the store kept of the role. */
export function storedRole(restored: ReadonlyMap<string, Uint8Array>): Uint8Array | undefined {
  return restored.get(ROLE_KEY);
}

/** Carries what the election decides to the sessions and the router, and shows it to the host. */
export class Roles {
  readonly #parts: Parts;
  readonly #ways: Ways;
  #isBeyondOld = true;
  #isBeyond = false;

  constructor(parts: Parts, ways: Ways) {
    this.#parts = parts;
    this.#ways = ways;
  }

  /** Routes or neighbours changed, so others may be out of direct reach now. */
  routesChanged(): void {
    this.#isBeyondOld = true;
  }

  /** Before the outputs are taken: what is the same for many changes is looked up once. */
  refresh(now: Instant): void {
    if (!this.#isBeyondOld) return;
    this.#isBeyondOld = false;
    const isBeyond = this.#parts.router.reachesBeyond();
    if (isBeyond === this.#isBeyond) return;
    this.#isBeyond = isBeyond;
    this.#parts.election.handleInput(now, { kind: 'beyond', isBeyond });
    this.#parts.index.handleInput(now, { kind: 'beyond', isBeyond });
  }

  onElection(now: Instant, output: ElectionOutput): void {
    const { out, peers, router, index } = this.#parts;
    switch (output.kind) {
      case 'advert': {
        const peer = peers.bySession(output.neighbor);
        // What waited for a path would be old when one is there.
        if (peer?.via !== undefined) this.#send(now, peer.key, output.message, false);
        return;
      }
      case 'send': {
        const peer = this.#find(output.to);
        if (peer !== undefined) return this.#send(now, peer, output.message, output.reliable);
        this.#ways.onAsked(now, output.to);
        return this.#parts.election.handleInput(now, { kind: 'unknownPeer', peer: output.to });
      }
      case 'pace':
        return router.handleInput(now, output);
      case 'role':
        router.handleInput(now, {
          kind: 'landmark',
          isLandmark: isServing(output.role.state),
          holdsIndex: index.onRole(now, output.role),
        });
        this.#tellGrants(now, output.role);
        out.push({ kind: 'event', event: { kind: 'role', role: this.#reportOf(output.role) } });
        return;
      case 'persist':
        out.push({ kind: 'persist', key: ROLE_KEY, value: output.value });
        return;
      case 'dropped':
        return drop(this.#parts, undefined, output.reason);
      default:
        return unreachable(output);
    }
  }

  /** Paths that begin with a supernode of this node are told with what that has granted. */
  #tellGrants(now: Instant, { supernodes }: RoleFacts): void {
    const grants = supernodes.flatMap(({ peer, bytesPerMinute }) => {
      const firstHop = this.#find(peer);
      return firstHop === undefined ? [] : [{ firstHop, bytesPerMinute }];
    });
    this.#parts.paths.handleInput(now, { kind: 'grants', grants });
  }

  #send(now: Instant, peer: NodeKey, message: Message, reliable: boolean): void {
    const delivery = reliable ? 'reliable' : 'datagram';
    this.#parts.sessions.handleInput(now, { kind: 'send', peer, message, delivery });
  }

  /** With a session, or by a record whose key a handshake can begin with. */
  #find(short: ShortKey): NodeKey | undefined {
    return this.#parts.peers.byShort(short)?.key ?? this.#parts.services.find(short)?.peer;
  }

  #reportOf({ serves, supernodes, ...facts }: RoleFacts): RoleReport {
    return {
      ...facts,
      serves: serves.map((short) => this.nameOf(short)),
      supernodes: supernodes.map((held) => ({ ...held, peer: this.nameOf(held.peer) })),
    };
  }

  nameOf(short: ShortKey): PeerName {
    const key = this.#find(short);
    return key === undefined ? { id: short, name: '' } : this.#parts.services.nameOf(key);
  }
}

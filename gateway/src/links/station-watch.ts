import type { LinkAddress } from '@fogwisp/protocol';

/** What is known of one greeted station by what went to its address and came from it. */
export interface StationReport {
  readonly medium: 'udp' | 'tcp';
  /** As configured. */
  readonly address: string;
  /** `standby`: it is not needed, as another medium reaches the station. */
  readonly state: 'unresolved' | 'waiting' | 'heard' | 'down' | 'standby';
  readonly sentPackets: number;
  /** Since the first packet to it. */
  readonly waitedMs: number;
  readonly heardMsAgo?: number;
  /** Why it is down. */
  readonly reason?: string;
}

/** Told of what goes to a station and comes from it. */
export interface StationListener {
  noteSent(): void;
  noteHeard(): void;
}

interface Watched {
  readonly address: string;
  readonly listener: StationListener | undefined;
  /** Greeted only while nobody else is there: until then there is nothing to tell. */
  readonly isWayIn: boolean;
  sentPackets: number;
  sentAt: number | undefined;
  heardAt: number | undefined;
}

/** Greeted stations of one link that many share. Who sends from an address is not known here, only that. */
export class StationWatch {
  readonly #unresolved = new Set<string>();
  readonly #watched = new Map<LinkAddress, Watched>();

  noteUnresolved(address: string): void {
    this.#unresolved.add(address);
  }

  watch(address: string, resolved: LinkAddress, listener?: StationListener, isWayIn = false): void {
    this.#unresolved.delete(address);
    const nothing = { sentPackets: 0, sentAt: undefined, heardAt: undefined };
    this.#watched.set(resolved, { address, listener, isWayIn, ...nothing });
  }

  noteSent(to: LinkAddress, now: number): void {
    const watched = this.#watched.get(to);
    if (watched === undefined) return;
    watched.sentPackets++;
    watched.sentAt ??= now;
    watched.listener?.noteSent();
  }

  noteHeard(from: LinkAddress, now: number): void {
    const watched = this.#watched.get(from);
    if (watched === undefined) return;
    watched.heardAt = now;
    watched.listener?.noteHeard();
  }

  reports(now: number): readonly StationReport[] {
    const nothing = { medium: 'udp', sentPackets: 0, waitedMs: 0 } as const;
    const unresolved = [...this.#unresolved].map(
      (address): StationReport => ({ ...nothing, address, state: 'unresolved' }),
    );
    const tried = [...this.#watched.values()].filter(
      ({ isWayIn, sentPackets }) => !isWayIn || sentPackets > 0,
    );
    const watched = tried.map(({ address, sentPackets, sentAt, heardAt }) => {
      const waitedMs = sentAt === undefined ? 0 : now - sentAt;
      const sent = { ...nothing, address, sentPackets, waitedMs };
      if (heardAt === undefined) return { ...sent, state: 'waiting' } as const;
      return { ...sent, state: 'heard', heardMsAgo: now - heardAt } as const;
    });
    return [...unresolved, ...watched];
  }
}

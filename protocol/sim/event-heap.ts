const CAPACITY_MIN = 64;

/** A scheduled item, until it is taken or removed. */
export type Ticket = number;

/**
 * Items by time, and by insertion at equal times. A binary heap of tickets over typed arrays: 28 bytes an
 * entry beside the item, and an entry can be moved, so that a host has one wake-up however often it changes
 * its mind.
 */
export class EventHeap<T> {
  #items: (T | undefined)[] = [];
  #at = new Float64Array(CAPACITY_MIN);
  #order = new Float64Array(CAPACITY_MIN);
  #place = new Int32Array(CAPACITY_MIN);
  #heap = new Int32Array(CAPACITY_MIN);
  #free: Ticket[] = [];
  #size = 0;
  #inserted = 0;

  get size(): number {
    return this.#size;
  }

  /** The time of the first item, undefined when there is none. */
  get nextAt(): number | undefined {
    return this.#size === 0 ? undefined : this.#at[this.#heap[0] as number];
  }

  add(at: number, item: T): Ticket {
    const ticket = this.#free.pop() ?? this.#items.length;
    if (ticket === this.#at.length) this.#grow();
    this.#items[ticket] = item;
    this.#at[ticket] = at;
    this.#order[ticket] = this.#inserted++;
    this.#rise(this.#size++, ticket);
    return ticket;
  }

  /** To another time, as if it were inserted now. */
  move(ticket: Ticket, at: number): void {
    this.#at[ticket] = at;
    this.#order[ticket] = this.#inserted++;
    const place = this.#place[ticket] as number;
    this.#rise(place, ticket);
    if (this.#place[ticket] === place) this.#sink(place, ticket);
  }

  remove(ticket: Ticket): void {
    const place = this.#place[ticket] as number;
    const last = this.#heap[--this.#size] as Ticket;
    if (last !== ticket) {
      this.#rise(place, last);
      if (this.#place[last] === place) this.#sink(place, last);
    }
    this.#release(ticket);
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const ticket = this.#heap[0] as Ticket;
    const item = this.#items[ticket];
    const last = this.#heap[--this.#size] as Ticket;
    if (last !== ticket) this.#sink(0, last);
    this.#release(ticket);
    return item;
  }

  #release(ticket: Ticket): void {
    this.#items[ticket] = undefined;
    this.#free.push(ticket);
  }

  #isBefore(a: Ticket, b: Ticket): boolean {
    const atA = this.#at[a] as number;
    const atB = this.#at[b] as number;
    return atA < atB || (atA === atB && (this.#order[a] as number) < (this.#order[b] as number));
  }

  #rise(from: number, ticket: Ticket): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above] as Ticket;
      if (!this.#isBefore(ticket, parent)) break;
      this.#put(place, parent);
      place = above;
    }
    this.#put(place, ticket);
  }

  #sink(from: number, ticket: Ticket): void {
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#size) break;
      let child = this.#heap[below] as Ticket;
      const right = below + 1 < this.#size ? (this.#heap[below + 1] as Ticket) : child;
      if (this.#isBefore(right, child)) {
        child = right;
        below++;
      }
      if (!this.#isBefore(child, ticket)) break;
      this.#put(place, child);
      place = below;
    }
    this.#put(place, ticket);
  }

  #put(place: number, ticket: Ticket): void {
    this.#heap[place] = ticket;
    this.#place[ticket] = place;
  }

  #grow(): void {
    const capacity = 2 * this.#at.length;
    this.#at = enlarged(new Float64Array(capacity), this.#at);
    this.#order = enlarged(new Float64Array(capacity), this.#order);
    this.#place = enlarged(new Int32Array(capacity), this.#place);
    this.#heap = enlarged(new Int32Array(capacity), this.#heap);
  }
}

function enlarged<A extends Float64Array | Int32Array>(into: A, from: A): A {
  into.set(from);
  return into;
}

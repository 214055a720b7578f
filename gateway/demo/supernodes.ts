import { asRoles } from '../src/cli/answers.js';
import { isServed, isServing, type RoleView } from '../src/roles.js';
import { formatAge } from '../src/text/units.js';
import type { LivingGateway } from './living-gateway.js';

const ASK_MS = 1000;

/** One that serves, and whom. */
export interface SupernodeLine {
  readonly name: string;
  /** How many hold a reservation there. */
  readonly count: number;
  readonly text: string;
}

/** How a killed supernode was replaced, as the others say themselves. */
interface Loss {
  readonly of: string;
  readonly at: number;
  readonly servedCount: number;
  endedMs: number | undefined;
}

/** Who serves whom, asked of everybody all the time; and after a kill, until nobody lacks a supernode. */
export class Supernodes {
  readonly #gateway: LivingGateway;
  #views: readonly RoleView[] = [];
  #loss: Loss | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(gateway: LivingGateway) {
    this.#gateway = gateway;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#ask(), ASK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#gateway.close();
  }

  /** Those who serve, the one that serves most first. */
  get serving(): readonly RoleView[] {
    return this.#views.filter(isServing).sort((a, b) => b.serves.length - a.serves.length);
  }

  /** One of the peers, or a gateway, was killed. */
  onKilled(now: number, name: string): void {
    const view = this.serving.find((each) => each.name === name);
    if (view === undefined) return;
    this.#loss = { of: name, at: now, servedCount: view.serves.length, endedMs: undefined };
  }

  /** All who answered, `askedAt`: when they were asked. */
  onViews(askedAt: number, views: readonly RoleView[]): void {
    this.#views = views;
    const loss = this.#loss;
    if (loss === undefined || loss.endedMs !== undefined || askedAt < loss.at) return;
    const others = views.filter(({ name, state }) => name !== loss.of && state !== undefined);
    const isOver = others.every((view) => isServed(view) && !view.supernodes.includes(loss.of));
    if (others.length > 0 && isOver) loss.endedMs = askedAt - loss.at;
  }

  /** Each with what is worth knowing of it. */
  get lines(): readonly SupernodeLine[] {
    return this.serving.map(({ name, serves, score, termEndsMs }) => {
      const term = termEndsMs === undefined ? '' : `, ${formatAge(Math.max(0, termEndsMs))} to go`;
      return { name, count: serves.length, text: `serves ${serves.length}, score ${score}${term}` };
    });
  }

  /** What became of a killed one, '' when none was. */
  lossAt(now: number): string {
    const loss = this.#loss;
    if (loss === undefined) return '';
    const what = `supernode ${loss.of} killed: it served ${loss.servedCount}`;
    if (loss.endedMs === undefined)
      return `${what}, others are elected ... ${((now - loss.at) / 1000).toFixed(1)} s`;
    return `${what}; all have what they need again after ${(loss.endedMs / 1000).toFixed(1)} s`;
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const askedAt = performance.now();
    try {
      const client = await this.#gateway.open();
      this.onViews(askedAt, asRoles(await client.call({ verb: 'roles' })));
    } catch {
      this.#gateway.close();
    } finally {
      this.#isAsking = false;
    }
  }
}

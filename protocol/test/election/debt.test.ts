import { describe, expect, it } from 'vitest';
import { NEEDY, Standing, THROUGH } from '../../src/election/flags.js';
import type { Advert } from '../../src/packet/message.js';
import { Lone } from './lone.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Some time in era 472222. */
const UNIX_MS = 1_700_000_000_000;
const ERA = Math.floor(UNIX_MS / HOUR_MS);

type Claim = Partial<Advert> & { readonly debt: number };

/** A node that owes 4, a neighbor that needs and never serves, and another one that says what it owes. */
class Judge {
  readonly #lone = new Lone({ stored: Uint8Array.from([128, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 4]) });

  readonly #othersDebt: number;

  constructor(othersDebt = 0) {
    this.#othersDebt = othersDebt;
    this.#lone.input({ kind: 'wallClock', unixMs: UNIX_MS });
    this.#lone.up(1, 2);
    this.#lone.advert(1, { score: 0, debt: othersDebt, era: ERA });
  }

  hear(...claims: readonly Claim[]): this {
    for (const claim of claims) this.#lone.advert(2, { era: ERA, ...claim });
    return this;
  }

  wait(ms: number): this {
    this.#lone.run(ms);
    return this;
  }

  /** When it serves: later while the other one seems to owe less. */
  turn(): number {
    this.#lone.run(12 * SECOND_MS);
    this.#lone.advert(1, { score: 0, flags: THROUGH | NEEDY, debt: this.#othersDebt, era: ERA });
    return this.#lone.msUntil('super', MINUTE_MS) ?? 0;
  }
}

const turnAgainst = (...claims: readonly Claim[]) => new Judge().hear(...claims).turn();
const serving = THROUGH | Standing.serving;
const LESS = turnAgainst({ debt: 0 });
const MORE = turnAgainst({ debt: 200 });

describe('claims of debt (§8.6)', () => {
  it('are taken when they are the first', () => {
    expect(MORE).toBeLessThan(LESS);
  });

  it('do not rise while nobody saw the service', () => {
    expect(turnAgainst({ debt: 0 }, { debt: 200 })).toBe(LESS);
  });

  it('rise from nothing to what others owe: a newcomer begins with that', () => {
    const claims = [{ debt: 0 }, { debt: 250 }];
    expect(new Judge(200).hear(...claims).turn()).toBe(MORE);
    expect(new Judge(2).hear(...claims).turn()).toBe(LESS);
    const newcomer = new Judge(2).hear(...claims, { debt: 2, flags: serving }).wait(40 * SECOND_MS);
    expect(newcomer.hear({ debt: 5 }).turn()).toBe(MORE);
  });

  it('do not rise by time in which the neighbor said that it serves nobody', () => {
    const judge = new Judge().hear({ debt: 0 }).wait(20 * MINUTE_MS);
    expect(judge.hear({ debt: 60, flags: serving }, { debt: 60 }).turn()).toBe(LESS);
  });

  it('rise with service, a quarter term for each 18.75 s', () => {
    const judge = new Judge().hear({ debt: 0, flags: serving }).wait(6 * 18_750 - 1000);
    expect(judge.hear({ debt: 200 }).turn()).toBe(MORE);
  });

  it('do not rise faster by many adverts', () => {
    const judge = new Judge();
    for (let debt = 0; debt < 200; debt++) judge.hear({ debt, flags: serving }).wait(1);
    expect(judge.hear({ debt: 200 }).turn()).toBe(LESS);
  });

  it('do not fall faster than by halving', () => {
    expect(turnAgainst({ debt: 200 }, { debt: 0 })).toBe(MORE);
  });

  it('fall by the halvings of the eras that the neighbor had slept through, once', () => {
    const era = ERA - 20;
    expect(turnAgainst({ debt: 6, era }, { debt: 0 })).toBe(LESS);
    expect(turnAgainst({ debt: 12, era }, { debt: 6, era }, { debt: 3, era })).toBe(MORE);
  });

  it('do not fall by an era that was named in between', () => {
    expect(turnAgainst({ debt: 200 }, { debt: 200, era: 0 }, { debt: 0, era: 0 })).toBe(MORE);
  });
});

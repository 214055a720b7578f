import { type Code, doWhile, get, i32, i64, moduleOf, set, tee, type ValueType, x4 } from './wasm.js';

/*
 * The two loops of ChaCha20-Poly1305 (RFC 8439) in WebAssembly. All of it is additions, multiplications,
 * shifts and exclusive ors on values whose count depends on lengths alone, so that its time tells nothing
 * about keys.
 */

/** Layout of the memory. */
export const LAYOUT = {
  /** The state of RFC 8439 §2.3: constants, key, counter, nonce; 64 B. */
  state: 0,
  /** Poly1305's accumulator: 5 limbs of 8 B, each below 2^27. */
  accumulator: 64,
  accumulatorEnd: 104,
  tag: 128,
  /** What is only authenticated. */
  ad: 0x1000,
  /** A block of zeros, which becomes the key of Poly1305 (§2.6), then the text. */
  source: 0x4000,
  target: 0x8000,
  pages: 1,
} as const;

/** ChaCha20 runs on four blocks at once. */
const STRIDE_BYTES = 256;
const BLOCK_BYTES = 64;
const LIMB_BITS = 26;
const LIMB_MASK = 0x3ff_ffff;
const LIMBS = [0, 1, 2, 3, 4] as const;

export function loopsModule(): Uint8Array {
  return moduleOf(LAYOUT.pages, [
    { name: 'cipher', parameterCount: 1, locals: cipherLocals(), body: cipherBody() },
    { name: 'absorb', parameterCount: 2, locals: authenticatorLocals(), body: absorbBody() },
    { name: 'finish', parameterCount: 2, locals: authenticatorLocals(), body: finishBody() },
  ]);
}

// cipher(end): exclusive ors the key stream to the source up to byte `end`, in strides, into the target.

const END = 0;
const AT = 1;
const ROUND = 2;
const COUNTER = 3;
/** x[i] holds word i of four blocks. */
const X = 4;
const ROW = X + 16;

function cipherLocals(): readonly ValueType[] {
  return ['i32', 'i32', 'v128', ...new Array<ValueType>(20).fill('v128')];
}

function cipherBody(): Code {
  const words = Array.from({ length: 16 }, (_, word) => word);
  const initial = (word: number): Code =>
    word === 12 ? get(COUNTER) : x4.loadSplat(i32.constant(LAYOUT.state), 4 * word);
  const stride = [
    words.map((word) => set(X + word, initial(word))),
    set(ROUND, i32.constant(10)),
    doWhile(doubleRound(), tee(ROUND, i32.subtract(get(ROUND), i32.constant(1)))),
    words.map((word) => set(X + word, x4.add(get(X + word), initial(word)))),
    [0, 4, 8, 12].map(writeWords),
    set(COUNTER, x4.add(get(COUNTER), x4.constant([4, 4, 4, 4]))),
    set(AT, i32.add(get(AT), i32.constant(STRIDE_BYTES))),
  ];
  return [
    set(COUNTER, x4.add(x4.loadSplat(i32.constant(LAYOUT.state), 48), x4.constant([0, 1, 2, 3]))),
    doWhile(stride, i32.isBelow(get(AT), get(END))),
  ];
}

/** §2.3: four quarter rounds on columns, four on diagonals. */
function doubleRound(): Code {
  const columns = [0, 1, 2, 3].map((i) => quarterRound(i, i + 4, i + 8, i + 12));
  const diagonals = [0, 1, 2, 3].map((i) =>
    quarterRound(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4)),
  );
  return [columns, diagonals];
}

/** §2.1 */
function quarterRound(a: number, b: number, c: number, d: number): Code {
  return [
    addXorRotate(a, b, d, 16),
    addXorRotate(c, d, b, 12),
    addXorRotate(a, b, d, 8),
    addXorRotate(c, d, b, 7),
  ];
}

function addXorRotate(sum: number, by: number, other: number, bits: number): Code {
  return [
    set(X + sum, x4.add(get(X + sum), get(X + by))),
    set(X + other, x4.xor(get(X + other), get(X + sum))),
    set(X + other, rotate(X + other, bits)),
  ];
}

function rotate(local: number, bits: number): Code {
  if (bits % 8 !== 0) return x4.or(x4.shiftLeft(get(local), bits), x4.shiftRight(get(local), 32 - bits));
  const from = Array.from({ length: 16 }, (_, i) => (i & 12) | ((i - bits / 8) & 3));
  return x4.shuffle(get(local), get(local), from);
}

/** Words first ... first + 3 of the four blocks: lanes become runs of 16 bytes, one per block. */
function writeWords(first: number): Code {
  const [a, b, c, d] = [X + first, X + first + 1, X + first + 2, X + first + 3];
  const low = lanes(0, 4, 1, 5);
  const high = lanes(2, 6, 3, 7);
  const write = (block: number, left: number, right: number, halves: readonly number[]): Code => {
    const offset = BLOCK_BYTES * block + 4 * first;
    const stream = x4.shuffle(get(left), get(right), halves);
    const text = x4.load(get(AT), LAYOUT.source + offset);
    return x4.store(get(AT), LAYOUT.target + offset, x4.xor(text, stream));
  };
  return [
    set(ROW, x4.shuffle(get(a), get(b), low)),
    set(ROW + 1, x4.shuffle(get(a), get(b), high)),
    set(ROW + 2, x4.shuffle(get(c), get(d), low)),
    set(ROW + 3, x4.shuffle(get(c), get(d), high)),
    write(0, ROW, ROW + 2, lanes(0, 1, 4, 5)),
    write(1, ROW, ROW + 2, lanes(2, 3, 6, 7)),
    write(2, ROW + 1, ROW + 3, lanes(0, 1, 4, 5)),
    write(3, ROW + 1, ROW + 3, lanes(2, 3, 6, 7)),
  ];
}

function lanes(...indices: readonly number[]): readonly number[] {
  return indices.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
}

// absorb(at, end): Poly1305 (§2.5) over whole 16-byte blocks; its key is what `cipher` left in the target.

const FROM = 0;
const TO = 1;
const LOW = 2;
const HIGH = 3;
const H = 4;
const R = H + 5;
/** Five times r. */
const S = R + 5;
/** The product, and other things for a while. */
const D = S + 5;
const ACCUMULATOR = i32.constant(LAYOUT.accumulator);

function authenticatorLocals(): readonly ValueType[] {
  return new Array<ValueType>(2 + 4 * 5).fill('i64');
}

function absorbBody(): Code {
  const block = [
    loadBlock(get(FROM)),
    LIMBS.map((limb) => set(H + limb, i64.add(get(H + limb), blockLimb(limb)))),
    LIMBS.map((limb) => set(D + limb, product(limb))),
    reduce(),
    set(FROM, i32.add(get(FROM), i32.constant(16))),
  ];
  return [
    loadBlock(i32.constant(LAYOUT.target)),
    LIMBS.map((limb) => set(R + limb, clampedLimb(limb))),
    LIMBS.map((limb) => set(S + limb, i64.multiply(get(R + limb), i64.constant(5)))),
    loadAccumulator(),
    doWhile(block, i32.isBelow(get(FROM), get(TO))),
    LIMBS.map((limb) => i64.store(ACCUMULATOR, 8 * limb, get(H + limb))),
  ];
}

function loadAccumulator(): Code {
  return LIMBS.map((limb) => set(H + limb, i64.load(ACCUMULATOR, 8 * limb)));
}

function loadBlock(at: Code): Code {
  return [set(LOW, i64.load(at, 0)), set(HIGH, i64.load(at, 8))];
}

/** Bits 26 x limb ... of the 128 in LOW and HIGH. */
function limbOf(limb: number): Code {
  const shift = LIMB_BITS * limb;
  if (limb === 0) return get(LOW);
  if (limb === 1) return i64.shiftRight(get(LOW), i64.constant(shift));
  if (limb > 2) return i64.shiftRight(get(HIGH), i64.constant(shift - 64));
  const below = i64.shiftRight(get(LOW), i64.constant(shift));
  return i64.or(below, i64.shiftLeft(get(HIGH), i64.constant(64 - shift)));
}

/** Every block has a bit above its last byte: bit 128, which is bit 24 of the last limb. */
function blockLimb(limb: number): Code {
  if (limb === 4) return i64.or(limbOf(4), i64.constant(0x100_0000));
  return i64.and(limbOf(limb), i64.constant(LIMB_MASK));
}

/** §2.5.1: clears the bits that 0x0ffffffc0ffffffc0ffffffc0fffffff has not; that mask cut into limbs. */
function clampedLimb(limb: number): Code {
  const masks = [0x3ff_ffff, 0x3ff_ff03, 0x3ff_c0ff, 0x3f0_3fff, 0x00f_ffff];
  return i64.and(limbOf(limb), i64.constant(masks[limb] ?? 0));
}

/** Limb of h x r modulo 2^130 - 5: what overflows comes back five times. */
function product(limb: number): Code {
  const terms = LIMBS.map((i) =>
    i64.multiply(get(H + i), i <= limb ? get(R + limb - i) : get(S + 5 + limb - i)),
  );
  return terms.reduce((sum, term) => i64.add(sum, term));
}

/** From D into H, each limb below 2^26 but the second, which may be slightly above. */
function reduce(): Code {
  return [
    [0, 1, 2, 3].map((limb) => set(D + limb + 1, i64.add(get(D + limb + 1), carryOf(D + limb)))),
    LIMBS.map((limb) => set(H + limb, cut(D + limb))),
    set(H, i64.add(get(H), i64.multiply(carryOf(D + 4), i64.constant(5)))),
    carryOn(H, 0),
  ];
}

function carryOf(local: number): Code {
  return i64.shiftRight(get(local), i64.constant(LIMB_BITS));
}

function cut(local: number): Code {
  return i64.and(get(local), i64.constant(LIMB_MASK));
}

function carryOn(limbs: number, from: number): Code {
  const next = limbs + from + 1;
  return [set(next, i64.add(get(next), carryOf(limbs + from))), set(limbs + from, cut(limbs + from))];
}

// finish(): the accumulator modulo 2^130 - 5, plus the second half of the key, as 128 bits: the tag.

function finishBody(): Code {
  return [
    loadAccumulator(),
    [1, 2, 3].map((limb) => carryOn(H, limb)),
    set(H, i64.add(get(H), i64.multiply(carryOf(H + 4), i64.constant(5)))),
    set(H + 4, cut(H + 4)),
    [0, 1, 2, 3].map((limb) => carryOn(H, limb)),
    // D = h + 5: it reaches bit 130 if and only if h is not below 2^130 - 5, and is then the remainder.
    set(D, i64.add(get(H), i64.constant(5))),
    [1, 2, 3, 4].map((limb) => set(D + limb, get(H + limb))),
    [0, 1, 2, 3].map((limb) => carryOn(D, limb)),
    set(R, i64.subtract(i64.constant(0), carryOf(D + 4))),
    set(D + 4, cut(D + 4)),
    LIMBS.map((limb) => set(H + limb, choose(H + limb, D + limb, R))),
    addKey(),
  ];
}

/** `other` where the mask has ones. */
function choose(one: number, other: number, mask: number): Code {
  return i64.xor(get(one), i64.and(i64.xor(get(one), get(other)), get(mask)));
}

function addKey(): Code {
  const placed = (limb: number, bits: number): Code => i64.shiftLeft(get(H + limb), i64.constant(bits));
  const low = i64.or(i64.or(get(H), placed(1, 26)), placed(2, 52));
  const rest = i64.shiftRight(get(H + 2), i64.constant(12));
  const high = i64.or(i64.or(rest, placed(3, 14)), placed(4, 40));
  const key = (offset: number): Code => i64.load(i32.constant(LAYOUT.target), 16 + offset);
  const carry = i64.isBelow(get(LOW), key(0));
  return [
    set(LOW, i64.add(low, key(0))),
    set(HIGH, i64.add(i64.add(high, key(8)), carry)),
    i64.store(i32.constant(LAYOUT.tag), 0, get(LOW)),
    i64.store(i32.constant(LAYOUT.tag), 8, get(HIGH)),
  ];
}

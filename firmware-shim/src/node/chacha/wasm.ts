/**
 * Just enough of the WebAssembly binary format (Core Specification 2.0, §5) to write a few functions down as
 * expressions. A piece of code is its bytes and pieces of code, in order; an instruction follows its
 * operands.
 */
export type Code = readonly (number | Code)[];
export type ValueType = 'i32' | 'i64' | 'v128';

export interface WasmFunction {
  readonly name: string;
  readonly parameterCount: number;
  /** Behind the parameters, which are i32. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

const TYPE_BYTES = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;
const SIMD = 0xfd;
/** Alignments are hints; none is given. */
const UNALIGNED = 0;

/** §5.2.2: LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, unsigned(Math.floor(value / 0x80))];
}

/** As a signed number, which must not be negative. */
function signed(value: number): Code {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, signed(Math.floor(value / 0x80))];
}

function vector(instruction: number): Code {
  return [SIMD, unsigned(instruction)];
}

const binary =
  (...instruction: Code) =>
  (a: Code, b: Code): Code => [a, b, instruction];

export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)];
/** `set` that leaves the value as well. */
export const tee = (local: number, value: Code): Code => [value, 0x22, unsigned(local)];

export const i32 = {
  constant: (value: number): Code => [0x41, signed(value)],
  add: binary(0x6a),
  subtract: binary(0x6b),
  isBelow: binary(0x49),
} as const;

export const i64 = {
  constant: (value: number): Code => [0x42, signed(value)],
  load: (at: Code, offset: number): Code => [at, 0x29, UNALIGNED, unsigned(offset)],
  store: (at: Code, offset: number, value: Code): Code => [at, value, 0x37, UNALIGNED, unsigned(offset)],
  add: binary(0x7c),
  subtract: binary(0x7d),
  multiply: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shiftLeft: binary(0x86),
  shiftRight: binary(0x88),
  /** 1 or 0. */
  isBelow: binary(0x54, 0xad),
} as const;

/** Four lanes of 32 bits. */
export const x4 = {
  load: (at: Code, offset: number): Code => [at, vector(0), UNALIGNED, unsigned(offset)],
  loadSplat: (at: Code, offset: number): Code => [at, vector(9), UNALIGNED, unsigned(offset)],
  store: (at: Code, offset: number, value: Code): Code => [
    at,
    value,
    vector(11),
    UNALIGNED,
    unsigned(offset),
  ],
  constant: (lanes: readonly number[]): Code => [
    vector(12),
    lanes.map((lane) => [lane & 255, (lane >>> 8) & 255, (lane >>> 16) & 255, lane >>> 24]),
  ],
  add: binary(vector(174)),
  xor: binary(vector(81)),
  or: binary(vector(80)),
  shiftLeft: (a: Code, bits: number): Code => [a, i32.constant(bits), vector(171)],
  shiftRight: (a: Code, bits: number): Code => [a, i32.constant(bits), vector(173)],
  /** 16 bytes, each the number of one of the 32 bytes of `a` and `b`. */
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [a, b, vector(13), bytes],
} as const;

/** Runs `body`, and again as long as `condition`, asked behind it, is not 0. */
export function doWhile(body: Code, condition: Code): Code {
  return [0x03, 0x40, body, condition, 0x0d, 0x00, 0x0b];
}

/** A module with one memory of `pages` x 64 KiB, exported as 'memory', and functions without results. */
export function moduleOf(pages: number, functions: readonly WasmFunction[]): Uint8Array {
  const types = functions.map(({ parameterCount }) => [
    0x60,
    list(new Array<number>(parameterCount).fill(TYPE_BYTES.i32)),
    list([]),
  ]);
  const exported = functions.map(({ name }, index) => [text(name), 0x00, unsigned(index)]);
  const bodies = functions.map(({ locals, body }) => {
    const declared = list(locals.map((type) => [1, TYPE_BYTES[type]]));
    return sized([declared, body, 0x0b]);
  });
  const bytes = flatten([
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    [1, sized(list(types))],
    [3, sized(list(functions.map((_, index) => unsigned(index))))],
    [5, sized(list([[0x01, unsigned(pages), unsigned(pages)]]))],
    [7, sized(list([...exported, [text('memory'), 0x02, 0x00]]))],
    [10, sized(list(bodies))],
  ]);
  return new Uint8Array(bytes);
}

function list(items: Code): Code {
  return [unsigned(items.length), items];
}

function sized(content: Code): Code {
  const bytes = flatten(content);
  return [unsigned(bytes.length), bytes];
}

function text(name: string): Code {
  return list([...name].map((character) => character.charCodeAt(0)));
}

function flatten(code: Code, into: number[] = []): readonly number[] {
  for (const part of code) {
    if (typeof part === 'number') into.push(part);
    else flatten(part, into);
  }
  return into;
}

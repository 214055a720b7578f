import type { Value } from './value.js';

/**
 * What a value must look like. Values come from other people's devices, so nothing about them is certain
 * before `fault` has looked at them.
 */
export interface Check<T> {
  /** For people: 'a number from 5 to 30'. */
  readonly expects: string;
  /** What is wrong and where, undefined when nothing is. */
  fault(value: Value): string | undefined;
  /** Never there: it only carries the type. */
  readonly type?: T;
}

/** The type of the values that a check lets through. */
export type Checked<C> = C extends Check<infer T> ? T : never;

/** A field of a `record` that may be missing. */
export interface OptionalCheck<T> extends Check<T | undefined> {
  readonly isOptional: true;
}

type Fields = Readonly<Record<string, Check<unknown>>>;
type OptionalKey<F extends Fields> = {
  [K in keyof F]: F[K] extends OptionalCheck<unknown> ? K : never;
}[keyof F];
type Present<C> = C extends OptionalCheck<infer T> ? Exclude<T, undefined> : Checked<C>;
/** The type of a `record` with these fields. */
export type RecordOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKey<F>>]: Checked<F[K]>;
} & {
  readonly [K in OptionalKey<F>]?: Present<F[K]>;
};

/** Both ends count. */
export interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** NaN is none. */
export function number(range: Range = {}): Check<number> {
  return check(`a number${within(range)}`, (value) => typeof value === 'number' && isWithin(value, range));
}

/** Whole, and within 2^53. */
export function integer(range: Range = {}): Check<number> {
  return check(
    `an integer${within(range)}`,
    (value) => Number.isSafeInteger(value) && isWithin(value, range),
  );
}

export function boolean(): Check<boolean> {
  return check('true or false', (value) => typeof value === 'boolean');
}

/** `charactersMax`: as `length` counts, in UTF-16 units. */
export function text(limits: { readonly charactersMax?: number | undefined } = {}): Check<string> {
  const max = limits.charactersMax ?? Number.POSITIVE_INFINITY;
  const expects = Number.isFinite(max) ? `a text of at most ${max} characters` : 'a text';
  return check(expects, (value) => typeof value === 'string' && value.length <= max);
}

export function bytes(limits: { readonly bytesMax?: number | undefined } = {}): Check<Uint8Array> {
  const max = limits.bytesMax ?? Number.POSITIVE_INFINITY;
  const expects = Number.isFinite(max) ? `at most ${max} bytes` : 'bytes';
  return check(expects, (value) => value instanceof Uint8Array && value.length <= max);
}

/** One of these very texts and numbers. */
export function oneOf<const T extends readonly (string | number)[]>(...choices: T): Check<T[number]> {
  const expects = `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  return check(expects, (value) => choices.some((choice) => choice === value));
}

/** No value at all: the body of a plain question, or the answer of a command that only has to succeed. */
export function nothing(): Check<undefined> {
  return check('nothing', (value) => value === undefined);
}

export function anything(): Check<Value> {
  return check('anything', () => true);
}

/** For a field of a `record`, or a body that may be left out. */
export function optional<T>(inner: Check<T>): OptionalCheck<T> {
  return {
    expects: `${inner.expects}, or nothing`,
    isOptional: true,
    fault: (value) => (value === undefined ? undefined : inner.fault(value)),
  };
}

export function list<T>(
  item: Check<T>,
  limits: { readonly countMax?: number | undefined } = {},
): Check<readonly T[]> {
  const max = limits.countMax ?? Number.POSITIVE_INFINITY;
  const expects = Number.isFinite(max) ? `a list of at most ${max}` : 'a list';
  return {
    expects,
    fault(value) {
      if (!isList(value) || value.length > max) return mismatch(expects, value);
      for (const [index, each] of value.entries()) {
        const fault = item.fault(each);
        if (fault !== undefined) return `[${index}] ${fault}`;
      }
      return undefined;
    },
  };
}

/** Fields that are not declared are ignored, so that a newer peer may say more. */
export function record<const F extends Fields>(fields: F): Check<RecordOf<F>> {
  const expects = `an object with ${Object.keys(fields).join(', ')}`;
  return {
    expects,
    fault(value) {
      if (!isRecord(value)) return mismatch(expects, value);
      for (const [key, field] of Object.entries(fields)) {
        const fault = field.fault(Object.hasOwn(value, key) ? value[key] : undefined);
        if (fault !== undefined) return `${key}: ${fault}`;
      }
      return undefined;
    },
  };
}

function check<T>(expects: string, accepts: (value: Value) => boolean): Check<T> {
  return { expects, fault: (value) => (accepts(value) ? undefined : mismatch(expects, value)) };
}

function mismatch(expects: string, value: Value): string {
  return `expected ${expects}, got ${describe(value)}`;
}

const SHOWN_CHARACTERS_MAX = 40;

function describe(value: Value): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (isList(value)) return `a list of ${value.length}`;
  if (isRecord(value))
    return `an object with ${Object.keys(value).join(', ')}`.substring(0, SHOWN_CHARACTERS_MAX);
  if (typeof value === 'number') return String(value); // JSON has no NaN
  return JSON.stringify(value).substring(0, SHOWN_CHARACTERS_MAX);
}

function isList(value: Value): value is readonly Exclude<Value, undefined>[] {
  return Array.isArray(value);
}

function isRecord(value: Value): value is { readonly [key: string]: Exclude<Value, undefined> } {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function isWithin(
  value: Value,
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Range,
): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function within({ min, max }: Range): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

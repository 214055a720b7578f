import type { NodeInput } from '@fogwisp/protocol';
import type { TraceLine } from '@fogwisp/protocol/sim';
import { type Casting, encodeRecord, type ScriptRecord } from './script.js';

/** A mark stands before the trace line of this number. */
export interface LabeledLine {
  readonly label: string;
  readonly line: number;
}

/**
 * The trace of a host of the simulator as a script: a length (32 bits, little endian) and a record, repeated.
 */
export function scriptOf(
  casting: Casting,
  trace: readonly TraceLine[],
  marks: readonly LabeledLine[],
): Uint8Array {
  const rest = [...marks];
  const records: ScriptRecord[] = [{ kind: 'cast', casting }];
  const passMarks = (line: number) => {
    while (rest[0] !== undefined && rest[0].line <= line) {
      records.push({ kind: 'mark', label: rest[0].label });
      rest.shift();
    }
  };
  for (const [at, line] of trace.entries()) {
    passMarks(at);
    const record = recordOf(line);
    if (record !== undefined) records.push(record);
  }
  passMarks(Number.POSITIVE_INFINITY);
  return joined(records.map(encodeRecord));
}

function recordOf(line: TraceLine): ScriptRecord | undefined {
  const [word, second = '', ...rest] = line.split(' ');
  const text = rest.join(' ');
  switch (word) {
    case 'boot':
      return { kind: 'boot', now: Number(second), restored: parse(text) as { [key: string]: Uint8Array } };
    case 'random':
      return { kind: 'random', bytes: new Uint8Array(Buffer.from(second, 'hex')) };
    case 'input':
      return { kind: 'input', now: Number(second), input: parse(text) as NodeInput };
    default:
      return undefined; // what came out
  }
}

/** The text of a trace, where bytes are { $bytes: hex }. */
function parse(text: string): unknown {
  return JSON.parse(text, (_, item) =>
    typeof item?.$bytes === 'string' ? new Uint8Array(Buffer.from(item.$bytes, 'hex')) : item,
  );
}

/** As `host.next()` reads them. */
export function joined(records: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const bytes of records) {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.length);
    parts.push(head, bytes);
  }
  return Buffer.concat(parts);
}

import type { Message } from './message.js';
import {
  CONTROL_TYPE,
  type Delivery,
  FIELD_TYPES,
  type FieldShape,
  type FieldType,
  MESSAGES,
  ROUTE_FIELDS,
} from './message-table.js';

/*
 * The table of messages in the form that coding wants: rows found by kind and by type without a search,
 * fields with their shapes at hand. Built once, as the module is evaluated, and frozen.
 */

export interface RowField {
  readonly name: string;
  readonly shape: FieldShape;
}

export interface Row {
  readonly type: number;
  readonly control: number | undefined;
  readonly kind: Message['kind'];
  readonly delivery: Delivery;
  readonly fields: readonly RowField[];
}

interface TableRow {
  readonly type: number;
  readonly control?: number;
  readonly kind: Message['kind'];
  readonly delivery: Delivery;
  readonly fields: readonly (readonly [string, FieldType])[];
}

/** The fields of one entry of a route list. */
export const ROUTE_ROW_FIELDS: readonly RowField[] = fieldsOf(ROUTE_FIELDS);

const ROWS: readonly Row[] = MESSAGES.map(compile);
const ROW_OF_KIND: Readonly<Record<string, Row>> = Object.freeze(
  Object.fromEntries(ROWS.map((row) => [row.kind, row])),
);
const ROW_OF_TYPE: readonly (Row | undefined)[] = byNumber(
  ROWS.map((row) => (row.control === undefined ? row.type : undefined)),
);
const ROW_OF_CONTROL: readonly (Row | undefined)[] = byNumber(ROWS.map((row) => row.control));

export function rowOfKind(kind: Message['kind']): Row {
  return ROW_OF_KIND[kind] as Row; // the table has a row for each kind, or it would not compile
}

/** `control` is read behind CONTROL_TYPE only. */
export function rowOfType(type: number, control: number): Row | undefined {
  return type === CONTROL_TYPE ? ROW_OF_CONTROL[control] : ROW_OF_TYPE[type];
}

function compile({ type, control, kind, delivery, fields }: TableRow): Row {
  return Object.freeze({ type, control, kind, delivery, fields: fieldsOf(fields) });
}

function fieldsOf(fields: TableRow['fields']): readonly RowField[] {
  return Object.freeze(fields.map(([name, type]) => Object.freeze({ name, shape: FIELD_TYPES[type] })));
}

/** `numbers` has one for each row, or none where the row is not to be found by it. */
function byNumber(numbers: readonly (number | undefined)[]): readonly (Row | undefined)[] {
  const rows: (Row | undefined)[] = [];
  for (const [index, row] of ROWS.entries()) {
    const number = numbers[index];
    if (number === undefined) continue;
    while (rows.length <= number) rows.push(undefined);
    rows[number] = row;
  }
  return Object.freeze(rows);
}

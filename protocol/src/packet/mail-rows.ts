import type { MessageRow } from './message-table.js';

/** Rows of the table of messages (SPEC §6) that are about mail (SPEC §8.12); 22 is CONTROL_TYPE. */
export const MAIL_MESSAGES = [
  {
    type: 22,
    control: 27,
    kind: 'mailbox',
    delivery: 'either',
    fields: [
      ['keepers', 'keeper-list'],
      ['forS', 'u32'],
    ],
  },
  {
    type: 22,
    control: 28,
    kind: 'post',
    delivery: 'either',
    fields: [
      ['to', 'short-id'],
      ['id', 'u32'],
      ['letter', 'letter'],
    ],
  },
  {
    type: 22,
    control: 29,
    kind: 'posted',
    delivery: 'either',
    fields: [
      ['to', 'short-id'],
      ['id', 'u32'],
      ['verdict', 'u8'],
      ['forS', 'u32'],
      ['keepers', 'keeper-list'],
    ],
  },
  {
    type: 22,
    control: 30,
    kind: 'mail',
    delivery: 'either',
    fields: [
      ['from', 'short-id'],
      ['id', 'u32'],
      ['left', 'u8'],
      ['letter', 'letter'],
    ],
  },
  {
    type: 22,
    control: 31,
    kind: 'mailTaken',
    delivery: 'either',
    fields: [
      ['from', 'short-id'],
      ['id', 'u32'],
      ['receipt', 'receipt'],
    ],
  },
  {
    type: 22,
    control: 32,
    kind: 'mailReceipt',
    delivery: 'either',
    fields: [
      ['to', 'short-id'],
      ['id', 'u32'],
      ['receipt', 'receipt'],
    ],
  },
] as const satisfies readonly MessageRow[];

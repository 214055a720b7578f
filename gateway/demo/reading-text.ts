import type { Json } from '../src/bridge/json.js';
import { valueText } from '../src/peer-table.js';
import type { ReadingView } from '../src/peer-view.js';
import { formatAge } from '../src/text/units.js';

/** A counter of the demo with its unit; what travels is the bare number. */
export function readingText({ topic, value }: ReadingView): string {
  return `${topic} ${amountText(topic, value)}`;
}

function amountText(topic: string, value: Json): string {
  if (typeof value !== 'number') return valueText(value);
  switch (topic) {
    case 'memory':
      return `${value} %`;
    case 'temperature':
      return `${value} °C`;
    case 'uptime':
      return formatAge(value * 1000);
    case 'received':
    case 'sent':
      return bytesText(value);
    default:
      return String(value);
  }
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${BYTE_UNITS[unit] ?? ''}`;
}

import { type Instant, SECOND_MS } from '../kernel/time.js';
import { Standing } from './flags.js';
import { type NeighborViews, View } from './views.js';

/** What a node reads from all its neighbours together when it thinks of serving (SPEC §8.7). */

/** A turn is long enough for an advert to arrive and be acted on, on the slowest link too. */
const SLOT_MS = 4 * SECOND_MS;
const SLOT_AIRTIMES = 20;
const ADVERT_BITS = 60 * 8;
const SLOT_MS_MAX = 60 * SECOND_MS;

/** On a link of this bit rate, 0 when unknown. */
export function slotOn(bitrate: number): number {
  if (bitrate === 0) return SLOT_MS;
  return Math.min(
    Math.max(SLOT_MS, Math.ceil((SLOT_AIRTIMES * ADVERT_BITS * SECOND_MS) / bitrate)),
    SLOT_MS_MAX,
  );
}

/** Of the slowest link. */
export function slotOf(views: NeighborViews): number {
  let slotMs = SLOT_MS;
  for (let row = 0; row < views.rowEnd; row++) {
    if (views.isLive(row)) slotMs = Math.max(slotMs, views.cells.get(row, View.slotMs));
  }
  return slotMs;
}

/** Neighbours that could put themselves forward as well, and come first. */
export function rankOf(views: NeighborViews, own: number): number {
  let rank = 0;
  for (let row = 0; row < views.rowEnd; row++) {
    const isRival =
      views.hasSpoken(row) && views.standing(row) === Standing.leaf && views.cells.get(row, View.score) !== 0;
    if (isRival && views.cost(row) < own) rank++;
  }
  return rank;
}

/** When the first need of a neighbour counts that does not count before `after`; Infinity: there is none. */
export function needFrom(views: NeighborViews, after: Instant): Instant {
  let soonest = Infinity;
  for (let row = 0; row < views.rowEnd; row++) {
    const needyFrom = views.needyFrom(row);
    if (needyFrom > after) soonest = Math.min(soonest, needyFrom);
  }
  return soonest;
}

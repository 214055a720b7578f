import type { Fleet, Member } from './fleet.js';

/** Others may hold a reservation there now. */
export function isServing({ host, role }: Member): boolean {
  if (!host.isRunning || role === undefined) return false;
  return role.state === 'super' || role.state === 'retiring' || role.state === 'handover';
}

/**
 * Of the members that are there, how many serve, or have as many supernodes as they should; only those
 * count that are alive and serve indeed.
 */
export function coverageOf(fleet: Fleet): number {
  const present = fleet.members.filter(({ host }) => host.isRunning);
  const covered = present.filter((member) => isServing(member) || isCovered(fleet, member));
  return present.length === 0 ? 1 : covered.length / present.length;
}

function isCovered(fleet: Fleet, { role }: Member): boolean {
  if (role === undefined) return false;
  let count = 0;
  for (const { peer } of role.supernodes) {
    const index = fleet.indexOf(peer.id.substring(0, 16));
    const supernode = index === undefined ? undefined : fleet.members[index];
    if (supernode !== undefined && isServing(supernode)) count++;
  }
  return count >= role.wanted;
}

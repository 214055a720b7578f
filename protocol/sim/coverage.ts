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

/** The share that serves, or has one supernode at least, or wants none. */
export function attachedOf(fleet: Fleet): number {
  const present = fleet.members.filter(({ host }) => host.isRunning);
  const attached = present.filter((member) => {
    const wanted = member.role?.wanted ?? 1;
    return isServing(member) || supernodesOf(fleet, member) >= Math.min(1, wanted);
  });
  return present.length === 0 ? 1 : attached.length / present.length;
}

function isCovered(fleet: Fleet, member: Member): boolean {
  return member.role !== undefined && supernodesOf(fleet, member) >= member.role.wanted;
}

/** Where it holds a reservation, if they are alive and serve indeed. */
function supernodesOf(fleet: Fleet, { role }: Member): number {
  if (role === undefined) return 0;
  let count = 0;
  for (const { peer } of role.supernodes) {
    const index = fleet.indexOf(peer.id.substring(0, 16));
    const supernode = index === undefined ? undefined : fleet.members[index];
    if (supernode !== undefined && isServing(supernode)) count++;
  }
  return count;
}

import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { Socket } from 'node:dgram';
import { CommandError, ExitCode } from '../../src/cli/exit.js';
import type { Call } from '../../src/cli/verb.js';
import { GATEWAY_NAMES, type GatewayName, NAT_NAMES, type NatName, type RoleLink } from '../cast.js';

/** What both stand behind; all but two symmetric ones can be passed. */
const KINDS = ['port', 'address', 'full', 'symmetric'] as const;
export type NatKind = (typeof KINDS)[number];

/** The NATs that two peers of the demo are behind, and what is between them and the gateways. */
export interface Nats {
  /** Whether they are real ones, for people. */
  readonly text: string;
  /** The link of a peer behind one, to gateways at these ports. */
  linksOf(name: NatName, ports: ReadonlyMap<GatewayName, number>): readonly RoleLink[];
  /** Starts a program where that peer is; left out: where everything else is, too. */
  spawn?(name: NatName, entry: string, options: SpawnOptions): ChildProcess;
  /** A socket of a gateway on the open net; left out: it is reached as by everybody else. */
  openSocket?(name: GatewayName): Promise<Socket>;
  /** As if the power of both had gone for a moment. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Those of the kernel where this process may have them. */
export async function openNats(kind: NatKind, isKernelAllowed: boolean): Promise<Nats> {
  const [{ RealNats }, { SimulatedNats }] = await Promise.all([
    import('./real-nats.js'),
    import('./simulated-nats.js'),
  ]);
  const refusal = isKernelAllowed ? RealNats.refusal() : 'as you wish';
  if (refusal !== undefined) return SimulatedNats.open(kind, `simulated: ${refusal}`);
  try {
    return await RealNats.open(kind);
  } catch {
    return SimulatedNats.open(kind, 'simulated: iproute2 or nftables is missing here, or refused');
  }
}

/** One of them greets one gateway only: the other gateway has to find a way to it as well. */
export function gatewaysOf(name: NatName): readonly GatewayName[] {
  return name === NAT_NAMES[0] ? GATEWAY_NAMES : GATEWAY_NAMES.slice(1);
}

/** What the command line asks for. */
export function natKindOf(call: Call): NatKind {
  const text = call.text('nat') ?? 'port';
  const kind = KINDS.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new CommandError(ExitCode.usage, `--nat "${text}" is not known`, `write ${KINDS.join(', ')}`);
}

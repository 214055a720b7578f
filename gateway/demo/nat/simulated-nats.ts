import { BOXES } from '@fogwisp/protocol/sim';
import { type GatewayName, NAT_NAMES, type NatName, type RoleLink } from '../cast.js';
import { ownAddress } from '../stage.js';
import { type BoxOptions, NatBox } from './nat-box.js';
import { gatewaysOf, type NatKind, type Nats } from './nats.js';

const BOX_OF = {
  full: BOXES.cone,
  address: BOXES.address,
  port: BOXES.port,
  symmetric: BOXES.random,
} as const satisfies Record<NatKind, BoxOptions>;

/** By the simulator's model, on real sockets of loopback: needs neither root nor any program. */
export class SimulatedNats implements Nats {
  readonly text: string;
  readonly #boxes: ReadonlyMap<NatName, NatBox>;

  private constructor(text: string, boxes: ReadonlyMap<NatName, NatBox>) {
    this.text = text;
    this.#boxes = boxes;
  }

  static async open(kind: NatKind, why: string): Promise<SimulatedNats> {
    const options = BOX_OF[kind];
    const boxes = await Promise.all(
      NAT_NAMES.map(async (name) => [name, await NatBox.open(options)] as const),
    );
    return new SimulatedNats(why, new Map(boxes));
  }

  linksOf(name: NatName, ports: ReadonlyMap<GatewayName, number>): readonly RoleLink[] {
    const connect = gatewaysOf(name).map((gateway) => `${ownAddress()}:${ports.get(gateway) ?? 0}`);
    return [{ kind: 'box', port: this.#boxes.get(name)?.port ?? 0, connect }];
  }

  async restart(): Promise<void> {
    for (const box of this.#boxes.values()) box.restart();
  }

  async close(): Promise<void> {
    for (const box of this.#boxes.values()) box.close();
  }
}

import type { Link, LinkSource, Platform } from '@fogwisp/firmware-shim';
import type { Limits } from '@fogwisp/protocol';

/** What `Device.start` needs: a name and a network. */
export interface DeviceOptions {
  /** What others call this device: 1 to 32 of a-z, 0-9 and '-'. */
  readonly name: string;
  /**
   * The network file (made by `fogwisp network create` or `network join`), or its text, which starts with
   * 'fog1-', or a join ticket, which starts with 'fogjoin1-'.
   */
  readonly network: string;
  /** Default: the local network. */
  readonly links?: readonly (Link | LinkSource | LinkSpec)[] | undefined;
  /** Where the identity is kept. Default: one directory per name below the user's state. false: nowhere. */
  readonly stateDirectory?: string | false | undefined;
  /** How much it holds of peers, routes and messages. Default: what the host has room for. */
  readonly limits?: Limits | undefined;
  /**
   * How often it may be woken: heartbeats and beacons, its own and those that others send it, are at least so
   * many ms apart, at most an hour. For what runs on a battery and stays connected; it serves nobody then.
   */
  readonly wakeEveryMs?: number | undefined;
  /** Told what nobody waits for. Default: warnings on the console, where there is one. */
  readonly logger?: Logger | undefined;
  /** The machine this runs on; needed only where the package has no default for it. */
  readonly platform?: Platform | undefined;
  /** 32 bytes that decide who this device is, in place of the stored ones. */
  readonly identitySeed?: Uint8Array | undefined;
}

/** Where warnings go, one line each. */
export interface Logger {
  warn(message: string): void;
}

/** A link described by plain values, as in a configuration file. */
export type LinkSpec =
  /**
   * Everybody on the local network, found by beacons. `loopbackOnly`: only processes on this machine. `mdns`:
   * found by mDNS as well, where beacons do not come through; needs the package multicast-dns.
   */
  | {
      readonly kind: 'lan';
      readonly port?: number | undefined;
      readonly interfaces?: readonly string[] | undefined;
      readonly loopbackOnly?: boolean | undefined;
      readonly mdns?: boolean | undefined;
    }
  /**
   * Stations at 'host:port', each greeted by UDP and TCP at once: where a network blocks UDP it is there at
   * once as well. `bind` and `port` are those of the one UDP socket. `bootstrap`: stations that are greeted
   * only when nobody has been there for a minute or two. `portMapping`: the router is asked for a port in the
   * open that leads to it (PCP, NAT-PMP, UPnP), so that more peers are reached directly.
   */
  | {
      readonly kind: 'stations';
      readonly connect: readonly string[];
      readonly bootstrap?: readonly string[] | undefined;
      readonly bind?: string | undefined;
      readonly port?: number | undefined;
      readonly portMapping?: boolean | undefined;
    }
  /** The same by UDP only, 'ip:port' or '[v6]:port'; without `connect` it waits to be greeted. */
  | {
      readonly kind: 'udp';
      readonly bind?: string | undefined;
      readonly port?: number | undefined;
      readonly connect?: readonly string[] | undefined;
      readonly portMapping?: boolean | undefined;
    }
  /** Dials and keeps dialling 'host:port'. */
  | { readonly kind: 'tcp'; readonly connect: string }
  | { readonly kind: 'tcp-listen'; readonly port: number; readonly bind?: string | undefined }
  | { readonly kind: 'serial'; readonly path: string; readonly baudRate?: number | undefined };

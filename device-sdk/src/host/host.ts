import type { Link, LinkSource, Platform } from '@fogwisp/firmware-shim';
import type { Limits, LinkAddress, LinkId, Rung } from '@fogwisp/protocol';
import type { LinkSpec, Logger } from '../options.js';

/** What an opened `LinkSpec` may do to its device. */
export interface LinkPort {
  readonly networkId: string;
  readonly isStopped: boolean;
  addLink(link: Link): LinkId;
  addSource(source: LinkSource): void;
  /** `rung`: only as a way into the network. */
  connect(link: LinkId, address: LinkAddress, rung?: Rung): void;
}

export interface HostPlatform extends Platform {
  /** Gives free what the platform holds, such as its state directory. */
  close?(): Promise<void>;
}

/**
 * What the engine around us can give without being asked: one file for Node, one for engines that give
 * nothing.
 */
export interface Host {
  readonly limits: Limits;
  readonly logger: Logger;
  readonly defaultLinks: readonly LinkSpec[];
  platform(name: string, stateDirectory: string | false | undefined): HostPlatform;
  /** The text of a file, undefined when there is none. */
  readText(path: string): Promise<string | undefined>;
  openLink(spec: LinkSpec, port: LinkPort, introductions?: readonly string[]): Promise<void>;
  makeAbort(): AbortController;
}

import type { Link, Platform } from '@fogwisp/firmware-shim';
import type { Limits, LinkAddress, LinkId } from '@fogwisp/protocol';
import type { LinkSpec, Logger } from '../options.js';

/** What an opened `LinkSpec` may do to its device. */
export interface LinkPort {
  addLink(link: Link): LinkId;
  removeLink(link: LinkId): void;
  connect(link: LinkId, address: LinkAddress): void;
  /** To close what is not a link itself: a listening socket. */
  onStop(close: () => void): void;
}

/** What the engine around us can give without being asked: one file for Node, one for engines that give nothing. */
export interface Host {
  readonly limits: Limits;
  readonly logger: Logger;
  readonly defaultLinks: readonly LinkSpec[];
  platform(name: string, stateDirectory: string | false | undefined): Platform;
  /** The text of a file, undefined when there is none. */
  readText(path: string): Promise<string | undefined>;
  openLink(spec: LinkSpec, port: LinkPort): Promise<void>;
  makeAbort(): AbortController;
}

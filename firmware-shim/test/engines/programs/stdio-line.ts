import type { LinkInfo } from '@fogwisp/protocol';

/** Stdin and stdout, which lose nothing. */
export const STDIO_LINE: LinkInfo = {
  kind: 'serial (pipe)',
  name: 'stdio',
  mtu: 480,
  flow: 'stream',
  cast: 'point',
  reliable: true,
  bitrate: 0,
};

export { Alarm, monotonicMs } from './clock.js';
export { nodeSuite } from './crypto.js';
export { fdPipeLink, type PipeOptions, pipeLink } from './pipe.js';
export { NodePlatform, type NodePlatformOptions, nodePlatform } from './platform.js';
export { nodeRandom } from './random.js';
export { formatStation, parseStation, type Station } from './station.js';
export { FileStore } from './store.js';
export { DATAGRAM_MTU, UdpLink, type UdpOptions, udpLink } from './udp.js';

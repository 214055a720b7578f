export { Alarm, monotonicMs } from './clock.js';
export { fdPipeLink, type PipeOptions, pipeLink } from './pipe.js';
export { nodeRandom } from './random.js';
export { formatStation, parseStation, type Station } from './station.js';
export { DATAGRAM_MTU, UdpLink, type UdpOptions, udpLink } from './udp.js';

import { createSocket } from 'node:dgram';
import { tellMemory } from './resting.js';

/** The same socket as that of the device at rest, and no protocol. */
const [port] = process.argv.slice(2);
createSocket('udp4').bind(Number(port), '127.0.0.1', tellMemory);

import { Device } from '@fogwisp/device-sdk';
import { tellMemory } from './resting.js';

/** A device as an application starts it, with nothing beside it. */
const [network = '', port] = process.argv.slice(2);
const links = [{ kind: 'udp', bind: '127.0.0.1', port: Number(port) }] as const;
await Device.start({ name: 'far', network, stateDirectory: false, links });
tellMemory();

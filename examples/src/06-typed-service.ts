/**
 * A contract between devices: both sides import it, get its types, and check what the other one really sends.
 * Run: node examples/dist/06-typed-service.js
 */
import {
  boolean,
  createNetwork,
  Device,
  defineService,
  FogError,
  number,
  optional,
  record,
  text,
} from '@fogwisp/device-sdk';
import { type Print, runAsProgram } from './program.js';

export const climate = defineService({
  name: 'climate',
  requests: {
    temperature: { answer: number() },
    setTarget: {
      body: record({ celsius: number({ min: 5, max: 30 }), reason: optional(text({ charactersMax: 40 })) }),
      answer: boolean(),
      timeoutMs: 3000,
    },
  },
  topics: { measured: record({ celsius: number() }) },
});

export async function run(print: Print): Promise<void> {
  const options = {
    network: createNetwork(),
    links: [{ kind: 'lan', loopbackOnly: true }],
    stateDirectory: false,
  } as const;
  const greenhouse = await Device.start({ name: 'greenhouse', ...options });
  const house = await Device.start({ name: 'house', ...options });

  climate.serve(greenhouse, {
    temperature: () => 21.5,
    setTarget: ({ celsius, reason = 'no reason' }, { from }) => {
      print(`greenhouse: ${from.name} wants ${celsius} degrees (${reason})`);
      return true;
    },
  });

  const remote = climate.at(house, 'greenhouse');
  print(`house: ${await remote.request('temperature')} degrees`);
  print(`house: accepted is ${await remote.request('setTarget', { celsius: 19, reason: 'frost' })}`);
  try {
    await remote.request('setTarget', { celsius: 99 });
  } catch (error) {
    if (error instanceof FogError) print(`house: ${error.code}: ${error.message}`);
  }
  for (const device of [greenhouse, house]) await device.stop();
}

await runAsProgram(import.meta.url, run);

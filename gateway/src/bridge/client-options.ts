import type { IClientOptions } from 'mqtt';

/** 5 where the broker accepts it, else 3.1.1 (which the wire calls 4). */
export type MqttVersion = 5 | 4;

export interface LoginOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

const CONNECT_TIMEOUT_MS = 5000;
const KEEPALIVE_SECONDS = 15;

/** What every connection of ours has in common: one attempt, and no queue inside the library. */
export function clientOptions(login: LoginOptions, version: MqttVersion): IClientOptions {
  return {
    ...(login.username === undefined ? {} : { username: login.username }),
    ...(login.password === undefined ? {} : { password: login.password }),
    ...(login.ca === undefined ? {} : { ca: login.ca }),
    ...(login.cert === undefined ? {} : { cert: login.cert }),
    ...(login.key === undefined ? {} : { key: login.key }),
    protocolVersion: version,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive: KEEPALIVE_SECONDS,
    queueQoSZero: false,
  };
}

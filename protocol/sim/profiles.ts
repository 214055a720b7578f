import type { MediumOptions } from './medium.js';

/** Media as boards meet them. Spread one and override what a test is about. */
export const PROFILES = {
  /** A home network: switch and Wi-Fi. */
  lan: {
    kind: 'lan',
    cast: 'broadcast',
    mtu: 1452,
    delayMs: 1,
    jitterMs: 3,
    loss: 0.002,
    bitrate: 20_000_000,
  },
  /** Two sites across the Internet. */
  udp: {
    kind: 'udp',
    cast: 'address',
    mtu: 1232,
    delayMs: 25,
    jitterMs: 10,
    loss: 0.01,
    bitrate: 10_000_000,
  },
  tcp: { kind: 'tcp', cast: 'point', mtu: 16_384, delayMs: 25, jitterMs: 5, loss: 0.01, isReliable: true },
  /** A UART with framing in the driver: whole frames arrive or do not. */
  serial: {
    kind: 'serial',
    cast: 'point',
    mtu: 1024,
    delayMs: 1,
    loss: 0.001,
    bitrate: 115_200,
    bitsPerByte: 10,
  },
  slowSerial: {
    kind: 'serial',
    cast: 'point',
    mtu: 256,
    delayMs: 1,
    loss: 0.002,
    bitrate: 9600,
    bitsPerByte: 10,
  },
  /** ESP-NOW: 250 bytes, everybody in reach hears it. */
  shortRadio: {
    kind: 'radio',
    cast: 'broadcast',
    mtu: 250,
    delayMs: 1,
    jitterMs: 4,
    loss: 0.05,
    bitrate: 1_000_000,
    overheadBytes: 40,
    isShared: true,
  },
  /** LoRa at a middling spreading factor: one packet takes a second. */
  longRadio: {
    kind: 'radio',
    cast: 'broadcast',
    mtu: 222,
    delayMs: 1,
    jitterMs: 50,
    loss: 0.1,
    bitrate: 1760,
    overheadBytes: 16,
    queueBytes: 2048,
    isShared: true,
  },
} as const satisfies Record<string, MediumOptions>;

export type ProfileName = keyof typeof PROFILES;

/** As in the manifest of every ESP32 board without PSRAM that Moddable has. */
export const ESP32_POOLS = ['--preload', '--pools', '78848', '4928'] as const;
/** The same with twice the stack, for cryptography in JavaScript. */
export const ESP32_NOBLE_POOLS = [...ESP32_POOLS, '--stack', '1024'] as const;
/** 94,208 B in all, of which the stack of 384 slots is 6,144 B. */
export const ESP32_C3 = ['--preload', '--heap', String(94_208 - 384 * 16), '--stack', '384'] as const;

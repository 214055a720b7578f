export * from './api.js';
export type { CryptoSuite, KeyPair, TagLength } from './crypto/suite.js';
export { equalBytes, fromHex, toHex } from './kernel/bytes.js';

export { type CaseRegister, type ConformanceCase, collectCases } from './case.js';
export { aeadConformance, type CryptoVectors, cryptoConformance } from './crypto.js';
export { type LinkFixture, linkConformance } from './link.js';
export { platformConformance } from './platform.js';
export { type StoreFixture, storeConformance } from './store.js';

export type { XsDoors } from './doors.js';
export { xsLine } from './line.js';
export { XsPlatform } from './platform.js';

export type { QuickJsDoors, QuickJsOs } from './doors.js';
export { type QuickJsLineOptions, quickJsLine } from './line.js';
export { QuickJsPlatform } from './platform.js';

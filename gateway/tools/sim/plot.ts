import type { Moment } from '@fogwisp/protocol/sim';
import type { Outcome } from './run.js';

export class Recorder {
  see(_moment: Moment): void {}
  draw(_outcome: Outcome): string {
    return '';
  }
}

import type { Experiment } from '../trial.js';
import { amplification } from './amplification.js';
import { bootstrap } from './bootstrap.js';
import { cascade } from './cascade.js';
import { churn } from './churn.js';
import { fairness } from './fairness.js';
import { flood } from './flood.js';
import { lookups } from './lookups.js';
import { mailbox } from './mailbox.js';
import { mappings } from './mappings.js';
import { massRestart } from './mass-restart.js';
import { mtu } from './mtu.js';
import { natPairs } from './nat-pairs.js';
import { nodeRemoval } from './node-removal.js';
import { partition } from './partition.js';
import { relayFirst } from './relay-first.js';
import { rest } from './rest.js';
import { roaming } from './roaming.js';
import { stretch } from './stretch.js';
import { supernodesRemoved } from './supernodes-removed.js';
import { tiny } from './tiny.js';
import { zeroSupernodes } from './zero-supernodes.js';

export const EXPERIMENTS: readonly Experiment[] = [
  zeroSupernodes,
  nodeRemoval,
  stretch,
  rest,
  partition,
  flood,
  massRestart,
  supernodesRemoved,
  cascade,
  churn,
  fairness,
  tiny,
  lookups,
  roaming,
  bootstrap,
  natPairs,
  mailbox,
  mtu,
  mappings,
  relayFirst,
  amplification,
];

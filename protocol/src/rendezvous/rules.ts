/** What experiments may change to show what each rule is for (SPEC §9.6). Nodes in the field keep all. */
export interface IndexRules {
  /** How many keep each record of a node, and are asked for it. */
  readonly holderCount: number;
  /** The same of topics. */
  readonly topicHolderCount: number;
}

export const INDEX_RULES: IndexRules = { holderCount: 3, topicHolderCount: 2 };

/** Supernodes near a node that its record is told with. */
export const WHERE_COUNT_MAX = 2;

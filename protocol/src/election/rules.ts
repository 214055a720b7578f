/**
 * What experiments may switch off to show what each rule is for (SPEC §8.7). Nodes in the field keep all.
 */
export interface ElectionRules {
  /** Off: who is needed does not put himself forward. */
  readonly nominatesItself: boolean;
  /** Off: who is not needed is gone at once. */
  readonly retiresInTwoPhases: boolean;
  /** Uptime before which nobody is eligible. */
  readonly uptimeGateMs: number;
  /** Of mains and of battery, when they differ from the constants. */
  readonly termMs: number | undefined;
  /** Off: chance alone decides who comes first, whatever was served before. */
  readonly countsDebt: boolean;
  /** Off: adverts go each second instead of on change. */
  readonly advertsOnChange: boolean;
}

/** All rules on, as in the field. */
export const ELECTION_RULES: ElectionRules = {
  nominatesItself: true,
  retiresInTwoPhases: true,
  uptimeGateMs: 0,
  termMs: undefined,
  countsDebt: true,
  advertsOnChange: true,
};

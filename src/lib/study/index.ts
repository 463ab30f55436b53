/** Claims, guards and scorecards: what a study says about its paper, by rules set before the result. */
export {
  type Claim,
  type ClaimDefinition,
  claim,
  type Expectation,
  type Expected,
  expectedVerdict,
  type Guard,
  type GuardDefinition,
  guard,
  type Verdict,
} from './claim';
export { above, atLeast, atMost, below, between, type Condition, equalTo, within } from './condition';
export { type Outcome, outcome, outcomeText } from './outcome';
export {
  type Curve,
  growthExponent,
  largestOver,
  pairedDifference,
  pairedRatio,
  partOf,
  type Quantity,
  quantity,
  sizeOf,
  smallestOver,
} from './quantity';
export { oursText, scorecardHtml, scorecardText, verdictText } from './render';
export {
  allOf,
  alwaysTrue,
  anyOf,
  atEach,
  everySeed,
  geometricMeanIs,
  meanIs,
  meanPlusStandardErrors,
  medianIs,
  mostlyTrue,
  mostSeeds,
  not,
  type Ours,
  orderOfMeans,
  pairedAbove,
  type Rule,
} from './rule';
export { PublishedScorecard, Scorecard, type ScorecardDefinition, scorecard } from './scorecard';
export {
  type ClaimRow,
  type GuardRow,
  parseScorecard,
  readScorecard,
  type ScorecardFile,
  type ScorecardRow,
  writeScorecard,
} from './scorecard-file';

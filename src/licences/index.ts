// baimo/licences: what licences permit, as a library without anything of Node's.
export { CONDITIONS, type Condition, conditionTexts } from "./conditions.ts";
export { ACTION_NAMES, type Action, type FactName, type Facts, factQuestions } from "./facts.ts";
export { FIELDS } from "./fields.ts";
export {
  type Answer,
  type Asked,
  type CitedClause,
  mayI,
  NOTICE,
  type Question,
  type Reason,
  type Verdict,
} from "./may.ts";
export { type LicenceTerms, readTerms } from "./terms.ts";
export { actionTexts, verdictTexts } from "./words.ts";

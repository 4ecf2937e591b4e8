// What all terms and the grants of one licence say to a case.
import type { Situation } from "./facts.ts";
import { type Finding, findingOf } from "./findings.ts";
import { ACTS, type LicenceTerms } from "./terms.ts";

/** Acts in Chinese. */
const ACT_ZH: Readonly<Record<(typeof ACTS)[number], string>> = {
  use: "使用",
  commercial: "商用",
  changes: "修改",
  hosted: "托管",
  outputs: "以输出训练",
  copies: "分发",
  sublicense: "再许可",
};

/** What the terms and the grants of one licence say. An act that no grant names is open. */
export function findingsOf(licence: LicenceTerms, situation: Situation): Finding[] {
  const findings = licence.terms
    .map((term) => findingOf(term, situation))
    .filter((finding) => finding !== undefined);
  const refused = findings.some(({ effect }) => effect === "refuses");
  if (situation.action === "remove-attribution" && !licence.terms.some(({ kind }) => kind === "notices"))
    findings.push({
      effect: "open",
      clauses: [],
      text: { en: "what was read of it does not speak of notices", zh: "所读文本未涉及声明" },
    });
  for (const act of ACTS) {
    if (!situation.acts.has(act)) continue;
    const clauses = licence.grants.filter(({ acts }) => acts.includes(act)).flatMap((grant) => grant.clauses);
    const text = { en: `grants ${act}`, zh: `授予${ACT_ZH[act]}` };
    if (clauses.length > 0) findings.push({ effect: "passes", clauses, text });
    else if (!refused)
      findings.push({
        effect: "open",
        clauses: [],
        text: { en: `what was read of it does not speak of ${act}`, zh: `所读文本未涉及${ACT_ZH[act]}` },
      });
  }
  return findings;
}

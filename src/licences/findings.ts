// What single terms of a licence say to a case.
import type { Text } from "../catalogue/catalogue.ts";
import { grouped } from "../grouped.ts";
import type { Condition } from "./conditions.ts";
import { type FactName, factQuestions, type Situation } from "./facts.ts";
import { chineseField, fieldOf, isField } from "./fields.ts";
import { nameFits } from "./model-name.ts";
import { isInEu } from "./places.ts";
import type {
  FieldsTerm,
  HostingTerm,
  NameTerm,
  NoticesTerm,
  OutputsTerm,
  PlaceTerm,
  ProviderTerm,
  Term,
  UsersTerm,
} from "./terms.ts";

/** What a term says: it refuses, requires, lets pass, asks for a fact, leaves it open, or was not looked into. */
export interface Finding {
  readonly effect: "refuses" | "requires" | "passes" | "asks" | "open" | "unexamined";
  readonly clauses: readonly string[];
  readonly text: Text;
  readonly condition?: Condition;
  readonly fact?: FactName;
  /** How a name must begin. */
  readonly prefix?: string;
}

type Find = (situation: Situation) => Finding | undefined;

const found = (
  effect: Finding["effect"],
  clauses: readonly string[],
  en: string,
  zh: string,
  more: Pick<Finding, "condition" | "fact" | "prefix"> = {},
): Finding => ({ effect, clauses, text: { en, zh }, ...more });

const requires = (clauses: readonly string[], condition: Condition): Finding =>
  found("requires", clauses, "holds on this condition", "附此条件", { condition });

const asks = (clauses: readonly string[], fact: FactName): Finding => ({
  effect: "asks",
  clauses,
  text: factQuestions[fact],
  fact,
});

/** What a term says to a case; undefined where it has nothing to do with it. */
export function findingOf(term: Term, situation: Situation): Finding | undefined {
  const { acts, action } = situation;
  const { clauses } = term;
  switch (term.kind) {
    case "duty":
      return term.on.some((act) => acts.has(act)) ? requires(clauses, term.condition) : undefined;
    case "users":
      return users(term)(situation);
    case "outputs":
      return outputs(term)(situation);
    case "name":
      return name(term)(situation);
    case "place":
      return place(term)(situation);
    case "hosting":
      return hosting(term)(situation);
    case "fields":
      return fields(term)(situation);
    case "provider":
      return provider(term)(situation);
    case "notices":
      return notices(term)(situation);
    case "version":
      if (action === "stay-on-version")
        return found("refuses", clauses, "the latest version is owed", "须合理努力使用最新版本");
      return requires(clauses, "use-latest-version");
    case "non-commercial":
      if (acts.has("commercial"))
        return found("refuses", clauses, "a commercial purpose is not licensed", "未许可商业目的");
      return requires(clauses, "non-commercial");
    case "application":
      if (acts.has("commercial")) return requires(clauses, "apply-and-be-approved");
      return found("unexamined", clauses, "commercial use needs an application", "商用须先申请");
    case "sublicence":
      if (!acts.has("sublicense")) return undefined;
      return found("refuses", clauses, "the right may not be passed on", "不得再授权");
  }
}

/** What a bound counts, in Chinese. */
const COUNTED: Readonly<Record<UsersTerm["fact"], string>> = {
  mau: "月活",
  mauAtRelease: "发布前一个月的月活",
  dau: "日活",
  annualRevenue: "年收入，美元",
};

/** "2024-03" of a day in April. */
function monthBefore(day: string): string {
  const [year, month] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 2)).toISOString().slice(0, 7);
}

const users =
  (term: UsersTerm): Find =>
  ({ acts, facts }) => {
    const { clauses, except, most, below, released } = term;
    const commercial = acts.has("commercial");
    if (except && facts[except.fact])
      return found("passes", except.clauses, "the bound is not for this product", "上限不适用于此产品");
    const own = facts[term.fact];
    if (term.commercially && !commercial && (own === undefined || facts.commercial === false))
      return undefined;
    if (own === undefined) {
      // Who tells of users has some: then the number that counts decides.
      const others =
        term.fact === "annualRevenue" ? undefined : (facts.mau ?? facts.mauAtRelease ?? facts.dau);
      if (commercial || others !== undefined) return asks(clauses, term.fact);
      const bound = grouped(most ?? below!);
      return found(
        "unexamined",
        clauses,
        `a bound of ${bound} (${term.fact})`,
        `上限 ${bound}（${COUNTED[term.fact]}）`,
      );
    }
    const others =
      term.fact === "mauAtRelease"
        ? facts.affiliateMauAtRelease
        : term.fact === "dau"
          ? facts.affiliateDau
          : 0;
    const count = own + (term.affiliates ? (others ?? 0) : 0);
    const beyond = most !== undefined ? count > most : count >= below!;
    const says = `${grouped(count)} against a bound of ${grouped(most ?? below!)}`;
    const zh = `${grouped(count)}，上限 ${grouped(most ?? below!)}`;
    // What another month had tells nothing of the one that counts.
    const isOther = term.fact === "mauAtRelease" && facts.mauMonth !== undefined && released !== undefined;
    if (!beyond && isOther && facts.mauMonth !== monthBefore(released)) return asks(clauses, term.fact);
    if (!beyond) return found("passes", clauses, says, zh);
    if (term.commercially && !commercial) return asks(clauses, "commercial");
    if (term.beyond !== "refuse") return requires(clauses, term.beyond);
    return found("refuses", clauses, `${says}: a licence of its own is needed`, `${zh}：须另行取得许可`);
  };

const outputs =
  ({ clauses, rule }: OutputsTerm): Find =>
  ({ acts, trainsOwn }) => {
    if (!acts.has("outputs")) return undefined;
    if (rule === "named") return found("passes", clauses, "outputs may train models", "输出可用于训练");
    if (rule === "derivative") return requires(clauses, "becomes-derivative");
    if (trainsOwn === undefined) return asks(clauses, "target");
    if (trainsOwn)
      return found("passes", clauses, "outputs may train its own kind", "输出可用于训练同许可模型");
    return found("refuses", clauses, "outputs may not improve other models", "输出不得用于改进其他模型");
  };

const name =
  ({ clauses, prefix, of, when }: NameTerm): Find =>
  ({ acts, action, facts }) => {
    const model = acts.has("changes") && of.includes("model");
    const trained = acts.has("outputs") && of.includes("outputs");
    if (!model && !trained) return undefined;
    const passedOn =
      acts.has("changed-copies") || acts.has("outputs-passed-on") || (model && acts.has("hosted"));
    if (when === "passed-on" && !passedOn)
      return found("passes", clauses, "a name is owed once it goes to others", "提供给他人时才须冠名");
    const condition = { condition: "name-prefix", prefix } as const;
    const owed = found(
      "requires",
      clauses,
      `the name begins with “${prefix}”`,
      `名称以“${prefix}”开头`,
      condition,
    );
    if (facts.name === undefined) return owed;
    const fits = nameFits(facts.name, prefix);
    const shown = `“${facts.name}”, prescribed is “${prefix}” at the beginning`;
    const zh = `“${facts.name}”；须以“${prefix}”开头`;
    if (fits === "yes") {
      // A model that only learned from outputs bears no other trace of the licence: its name must stay so.
      if (trained) return owed;
      return found("passes", clauses, shown, zh, { prefix });
    }
    if (action === "train-on-outputs" && facts.distribute === undefined) return asks(clauses, "distribute");
    if (fits === "nearly")
      return found("open", clauses, `${shown}: whether that is it, the text does not say`, `${zh}：文本未明`);
    return found("refuses", clauses, shown, zh, { prefix });
  };

const place =
  ({ clauses, except, multimodal }: PlaceTerm): Find =>
  ({ acts, facts }) => {
    const within = isInEu(facts.principalPlace);
    const sees =
      facts.multimodal ??
      (multimodal.length === 0
        ? false
        : facts.model === undefined
          ? undefined
          : multimodal.some((part) => facts.model!.toLowerCase().includes(part.toLowerCase())));
    if (within === false || sees === false)
      return found(
        "passes",
        clauses,
        "the exclusion of the European Union is not for this case",
        "欧盟排除不适用",
      );
    if (facts.endUser || facts[except.fact])
      return found("passes", except.clauses, "end users of products are excepted", "产品的最终用户除外");
    if (within && sees)
      return found("refuses", clauses, "multimodal models are not licensed there", "该地未获多模态模型许可");
    if (within || sees || acts.has("commercial"))
      return asks(clauses, within === undefined ? "principalPlace" : "multimodal");
    return found("unexamined", clauses, "multimodal models in the European Union", "欧盟境内的多模态模型");
  };

const hosting =
  ({ clauses, own }: HostingTerm): Find =>
  ({ acts, facts }) => {
    if (facts.integratedEndUserProduct && (acts.has("hosted") || acts.has("commercial")))
      return found("passes", own, "one's own application is not hosting for others", "自有应用不属托管");
    if (!acts.has("hosted")) return undefined;
    if (facts.sharedInstance === false)
      return found("open", clauses, "whether an instance of one customer is hosting", "单客户实例是否属托管");
    return found("refuses", clauses, "hosting for others needs a permission", "为他人托管须获准");
  };

/** Of several fields the strictest holds. */
const fields =
  (term: FieldsTerm): Find =>
  ({ facts }) => {
    if (facts.field === undefined) return undefined;
    const all = facts.field.split("+").map((each) => oneField(term, fieldOf(each)));
    const effects = ["refuses", "open", "passes"] as const;
    return effects.map((effect) => all.find((each) => each.effect === effect)).find((each) => each);
  };

function oneField({ clauses, stored, named = {}, partly = [] }: FieldsTerm, field: string): Finding {
  if (!stored)
    return found("open", clauses, "the policy that decides is not stored here", "决定此事的政策未存于此");
  if (Object.hasOwn(named, field))
    return found(
      "refuses",
      [...clauses, ...named[field]],
      `the field ${field} is refused`,
      `禁止领域 ${chineseField(field)}`,
    );
  if (partly.includes(field))
    return found(
      "open",
      clauses,
      `the field ${field} is refused in part`,
      `部分禁止领域 ${chineseField(field)}`,
    );
  if (!isField(field))
    return found("open", clauses, `the field ${field} is not one that is known here`, `未知领域 ${field}`);
  return found("passes", clauses, `the field ${field} is not named`, `未提及领域 ${chineseField(field)}`);
}

const provider =
  ({ clauses, none }: ProviderTerm): Find =>
  ({ acts, facts }) => {
    if (!acts.has("commercial")) return undefined;
    if (facts.provider === undefined) return asks(clauses, "provider");
    if (facts.provider !== null && none.includes(facts.provider))
      return found(
        "refuses",
        clauses,
        `not for providers of ${facts.provider}`,
        `不授予${facts.provider === "cloud" ? "云" : facts.provider === "software" ? "软件" : ` ${facts.provider} `}服务商`,
      );
    return found("passes", clauses, "the licensee is no such provider", "被许可方非此类服务商");
  };

const notices =
  ({ clauses, always }: NoticesTerm): Find =>
  ({ action, facts }) => {
    if (action !== "remove-attribution") return undefined;
    if (!always && facts.distribute === undefined) return asks(clauses, "distribute");
    if (always || facts.distribute) return found("refuses", clauses, "notices must stay", "须保留声明");
    return found("passes", clauses, "notices are owed in copies for others", "提供给他人的副本才须声明");
  };

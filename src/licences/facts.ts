// The facts of a case, and what an action does: the acts that grants and duties speak of.
import { BaimoError } from "../errors.ts";
import { brief } from "../json.ts";
import { nearestName } from "../nearest.ts";
import { placeOf } from "./places.ts";
import type { Act } from "./terms.ts";

/** What is known of a case. What is not given is not assumed: where it decides, the answer asks for it. */
export interface Facts {
  /** The model or what is made of it goes to others, or is made available to them. */
  readonly distribute?: boolean;
  /** Others use it over a network. */
  readonly hosted?: boolean;
  /** There is a commercial purpose; some actions have one of themselves. Null: it was not said, and is asked for where it decides. */
  readonly commercial?: boolean | null;
  /** Monthly users: now, and in the month before the model's release. */
  readonly mau?: number;
  readonly mauAtRelease?: number;
  /** Which month `mauAtRelease` is of, as 2024-03. */
  readonly mauMonth?: string;
  /** Daily users. */
  readonly dau?: number;
  /** The same of affiliates, where they are not counted in. */
  readonly affiliateMauAtRelease?: number;
  readonly affiliateDau?: number;
  /** Dollars a year. */
  readonly annualRevenue?: number;
  /** The model came, or goes out, as a part of a product for end users. */
  readonly integratedEndUserProduct?: boolean;
  /** The one who asks only uses a product of somebody else's. */
  readonly endUser?: boolean;
  /** Several customers share one instance of the hosted model. */
  readonly sharedInstance?: boolean;
  /** Where a company has its principal place of business, or a person lives: "EU" or an ISO 3166-1 code. */
  readonly principalPlace?: string;
  readonly multimodal?: boolean;
  /** What the licensee is a provider of, "cloud" or "software"; null for neither. */
  readonly provider?: string | null;
  /** The field of use, of `FIELDS`; several with "+". */
  readonly field?: string;
  /** What the new model will be called. */
  readonly name?: string;
  /** The model in question, as its maker calls it. */
  readonly model?: string;
  /** Which model outputs train: "other", or "same" for one that is of the licence itself. */
  readonly target?: string;
  /** How parts come together: merge, lora, quantise, data, distil, pipeline; several with "+". */
  readonly compose?: string;
  /** The licence of a data set that trained the model. */
  readonly dataLicence?: string;
  /** What wrote the data: a licence's identifier, or any other service. */
  readonly dataGeneratedBy?: string;
  /** What the card, the GGUF metadata and the LICENSE file say. */
  readonly declared?: Readonly<Record<string, string>>;
}

export type FactName = keyof Facts;

/** What is asked for, and how. */
export const factQuestions: Readonly<Record<FactName, { readonly en: string; readonly zh: string }>> = {
  distribute: { en: "does it go to others, or is it made available to them?", zh: "是否提供给他人？" },
  hosted: { en: "do others use it over a network?", zh: "是否供他人经网络使用？" },
  commercial: { en: "is there a commercial purpose?", zh: "是否有商业目的？" },
  mau: { en: "how many users a month does the product have?", zh: "产品月活多少？" },
  mauMonth: {
    en: "of which month are the users of mauAtRelease, as 2024-03?",
    zh: "发布前一个月的月活是哪个月的，如 2024-03？",
  },
  mauAtRelease: {
    en: "how many users a month, affiliates included, in the month before the model's release?",
    zh: "模型发布前一个月的月活（含关联方）多少？",
  },
  dau: { en: "how many users a day, affiliates included?", zh: "日活（含关联方）多少？" },
  affiliateMauAtRelease: { en: "how many users did affiliates have then?", zh: "当时关联方月活多少？" },
  affiliateDau: { en: "how many users a day do affiliates have?", zh: "关联方日活多少？" },
  annualRevenue: { en: "how many dollars a year does the product earn?", zh: "产品年收入多少美元？" },
  integratedEndUserProduct: {
    en: "is it part of a product for end users?",
    zh: "是否为面向最终用户之产品的一部分？",
  },
  endUser: { en: "is it only used, in somebody else's product?", zh: "是否仅作为他人产品的最终用户？" },
  sharedInstance: { en: "do several customers share an instance?", zh: "是否多客户共用实例？" },
  principalPlace: {
    en: "where is the principal place of business, or the home (EU, US, CN, …)?",
    zh: "主要营业地或住所在哪里（EU、US、CN……）？",
  },
  multimodal: { en: "is the model multimodal?", zh: "是否为多模态模型？" },
  provider: {
    en: "is the licensee a provider of software or cloud services?",
    zh: "是否为软件或云服务商？",
  },
  field: { en: "what is it used for?", zh: "用于什么领域？" },
  name: { en: "what will the model be called?", zh: "模型叫什么名字？" },
  model: { en: "which model is it?", zh: "是哪个模型？" },
  target: {
    en: "is the trained model of the same licence, or another?",
    zh: "所训练的是同许可模型还是其他模型？",
  },
  compose: { en: "how do the parts come together?", zh: "各部分如何组合？" },
  dataLicence: { en: "which licence has the data?", zh: "数据是什么许可？" },
  dataGeneratedBy: { en: "which model wrote the data?", zh: "数据由哪个模型生成？" },
  declared: {
    en: "what do card, GGUF metadata and LICENSE file say?",
    zh: "模型卡、GGUF 元数据与 LICENSE 各怎么写？",
  },
};

/** The same of what is to be done, where no action is said. */
export const actionQuestion = {
  en: "what is to be done with it (use, sell, publish, host, fine-tune, …)?",
  zh: "要做什么（使用、出售、发布、托管、微调……）？",
};

type FactType = "boolean" | "number" | "string" | "object";
/** What a fact of each type is, in words. */
export const FACT_WORDS: Readonly<Record<FactType, string>> = {
  boolean: "true or false",
  number: "a number from 0",
  string: "a string",
  object: "an object of strings",
};

/** What each fact is. */
export const FACT_TYPES: Readonly<Record<FactName, FactType>> = {
  distribute: "boolean",
  hosted: "boolean",
  commercial: "boolean",
  mau: "number",
  mauAtRelease: "number",
  mauMonth: "string",
  dau: "number",
  affiliateMauAtRelease: "number",
  affiliateDau: "number",
  annualRevenue: "number",
  integratedEndUserProduct: "boolean",
  endUser: "boolean",
  sharedInstance: "boolean",
  principalPlace: "string",
  multimodal: "boolean",
  provider: "string",
  field: "string",
  name: "string",
  model: "string",
  target: "string",
  compose: "string",
  dataLicence: "string",
  dataGeneratedBy: "string",
  declared: "object",
};

/**
 * Facts of their types, and the names of those that are none. Null is a fact that is not given, but for `provider` and `commercial`.
 * @throws {BaimoError} `request` for a fact of another type
 */
export function readFacts(given: Readonly<Record<string, unknown>>): { facts: Facts; unknown: string[] } {
  const facts: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(FACT_TYPES, name)) unknown.push(name);
    else if (value === null || value === undefined) {
      if (value === null && (name === "provider" || name === "commercial")) facts[name] = null;
    } else {
      const type = FACT_TYPES[name as FactName];
      const fits =
        typeof value === type &&
        (type !== "number" || (value as number) >= 0) &&
        (type !== "object" || Object.values(value).every((each) => typeof each === "string"));
      if (!fits)
        throw new BaimoError(
          "request",
          `licences: the fact ${name} is ${brief(value)}; it must be ${FACT_WORDS[type]}`,
        );
      facts[name] = typeof value === "string" ? readWord(name, value) : value;
    }
  }
  return { facts, unknown };
}

/** How parts come together, each with what else it is called. */
const WAYS: Readonly<Record<string, RegExp>> = {
  merge: /^merg(e|ed|ing)$/,
  lora: /^q?lora$/,
  quantise: /^quanti[sz](e|ed|ing|ation)$/,
  data: /^data(set)?$/,
  distil: /^distil(l|led|lation)?$/,
  pipeline: /^pipeline$/,
};

/** Facts that are one of some words, each with what is allowed and what reads it. */
const WORDS: Readonly<
  Record<string, readonly [allowed: string, read: (text: string) => string | undefined]>
> = {
  principalPlace: ["EU, a country's code (DE), or its name (Germany, 德国)", placeOf],
  compose: [`one of ${Object.keys(WAYS).join(", ")}, or several with +`, composeOf],
  provider: ["what is provided: cloud, software or another", (text) => providerOf(text)],
};

/** "Cloud services" as "cloud". */
function providerOf(text: string): string | undefined {
  const known = [/cloud|云/i.test(text) && "cloud", /software|软件/i.test(text) && "software"].find(Boolean);
  return known || text.trim() || undefined;
}

/** "merge, LoRA" as "merge+lora". */
function composeOf(text: string): string | undefined {
  const known = text
    .toLowerCase()
    .split(/[+,\s]+/)
    .filter(Boolean)
    .map((way) => Object.keys(WAYS).find((name) => WAYS[name].test(way)));
  return known.length === 0 || known.includes(undefined) ? undefined : known.join("+");
}

/** A fact as its words are known. @throws {BaimoError} `request` for words that are none of them */
function readWord(name: string, value: string): string {
  if (!Object.hasOwn(WORDS, name)) return value;
  const [allowed, read] = WORDS[name];
  const known = read(value);
  if (known !== undefined) return known;
  throw new BaimoError("request", `licences: the fact ${name} is ${brief(value)}; it must be ${allowed}`, {
    option: "fact",
  });
}

/** What each action does besides use. */
const ACTIONS = {
  use: [],
  "commercial-use": ["commercial"],
  host: ["hosted"],
  distribute: ["copies"],
  sell: ["copies", "commercial"],
  "fine-tune": ["changes"],
  "publish-derivative": ["changes", "copies"],
  "sell-derivative": ["changes", "copies", "commercial"],
  "train-on-outputs": ["outputs"],
  sublicense: ["sublicense"],
  "remove-attribution": [],
  "stay-on-version": [],
} as const satisfies Readonly<Record<string, readonly Act[]>>;

export type Action = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as readonly Action[];

/** What a component is in the whole. */
export type Role = "model" | "outputs" | "data";

/** One licence's view of a case. */
export interface Situation {
  readonly action: Action;
  readonly acts: ReadonlySet<Act>;
  readonly role: Role;
  readonly facts: Facts;
  /** Outputs train a model of this licence alone; undefined where that is not known. */
  readonly trainsOwn?: boolean;
}

/** Hosting has a commercial purpose unless it is said that it has none. */
export const isCommercial = (action: Action, { commercial }: Facts): boolean =>
  (ACTIONS[action] as readonly Act[]).includes("commercial") || (commercial ?? action === "host");

/** Actions without those whose acts another of them does as well, and more. */
export function widest(actions: readonly Action[]): Action[] {
  const acts = (action: Action): Act[] => [
    ...ACTIONS[action],
    ...(isCommercial(action, {}) ? (["commercial"] as const) : []),
  ];
  const covers = (one: Action, other: Action) =>
    one !== other && acts(other).length > 0 && acts(other).every((act) => acts(one).includes(act));
  return actions.filter((action) => !actions.some((other) => covers(other, action)));
}

/** What a case of several actions is for each: a copy that goes out, hosting and commerce are of all of them. */
export function factsOfAll(actions: readonly Action[], facts: Facts): Facts {
  if (actions.length < 2) return facts;
  const does = (act: Act) => actions.some((action) => (ACTIONS[action] as readonly Act[]).includes(act));
  return {
    ...facts,
    distribute: does("copies") || facts.distribute,
    hosted: facts.hosted ?? (does("hosted") || undefined),
    commercial: facts.commercial ?? (actions.some((action) => isCommercial(action, facts)) || undefined),
  };
}

/** The actions of a question, several with "+". @throws {BaimoError} `request` for one that is not known */
export const readActions = (names: string): Action[] => [
  ...new Set(names.split("+").map((name) => readAction(name.trim()))),
];

/** The action of that name. @throws {BaimoError} `request` for another name */
function readAction(name: string): Action {
  const known = ACTION_NAMES.find((action) => action === name);
  if (known) return known;
  const near = nearestName(name, ACTION_NAMES);
  const hint = near ? `did you mean ${near}?` : `known: ${ACTION_NAMES.join(", ")}`;
  throw new BaimoError("request", `licences: the action "${name}" is not known; ${hint}`);
}

/** Whether parts become a changed model: all ways but one, where models only run one after another. */
const changesModel = ({ compose }: Facts): boolean => compose !== undefined && compose !== "pipeline";

/** The acts of a case for a component. */
export function actsOf(action: Action, facts: Facts, role: Role): ReadonlySet<Act> {
  const own: ReadonlySet<Act> = new Set<Act>(ACTIONS[action]);
  const acts = new Set<Act>(["use"]);
  if (isCommercial(action, facts)) acts.add("commercial");
  if (role === "data") return acts;
  const hosted = own.has("hosted") || facts.hosted === true;
  const passedOn = own.has("copies") || (facts.distribute === true && !hosted);
  if (role === "outputs" || own.has("outputs")) {
    acts.add("outputs");
    // Training on outputs is asked of the model that comes of it, which may go out.
    const open = own.has("outputs") && facts.distribute !== false;
    if (open || passedOn || hosted) acts.add("outputs-passed-on");
    return acts;
  }
  if (own.has("sublicense")) acts.add("sublicense");
  if (own.has("changes") || changesModel(facts)) acts.add("changes");
  if (hosted) acts.add("hosted");
  if (passedOn && action !== "remove-attribution") acts.add("copies");
  if (acts.has("copies") && acts.has("changes")) acts.add("changed-copies");
  return acts;
}

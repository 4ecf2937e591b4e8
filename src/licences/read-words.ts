// A question in words, read by keywords, English or Chinese; what was not understood is told of.
import { BaimoError } from "../errors.ts";
import { grouped } from "../grouped.ts";
import { actionsIn, actionsNamed, withoutActions } from "./action-words.ts";
import { factsIn, newName, withoutDenied } from "./fact-words.ts";
import { type Action, type Facts, isCommercial } from "./facts.ts";
import { findNames, inEnglish, type NamedLicence, SUFFIXES } from "./find-names.ts";
import { unreadIn } from "./plain-words.ts";

/** What was understood of a question. */
export interface ReadQuestion {
  /** What is named, in the order of the text. */
  readonly named: readonly NamedLicence[];
  /** None where no word tells what is to be done. */
  readonly actions: readonly Action[];
  readonly facts: Facts;
  /** Words that nothing here understands: each may be a fact, an action or a name, and may decide. */
  readonly unread: readonly string[];
}

/** A service whose outputs are under its terms, not under the licence of what they train. */
const SERVICE =
  /某?闭源( ?API)?|\bclosed[- ](source|API)( API)?|\bproprietary API|\bOpenAI\b(?![- ]?(API[- ])?(compatible|style)|的?兼容)|\b(Chat)?GPT(-?[345]\w*)?\b(?!-[2JNo])|\bClaude\b|\bGemini\b/gi;

/** Most characters of a question: patterns look at all of it for each word. */
const LONGEST = 4000;

const WRITING =
  "(?:outputs?|answers|responses|chats|dialogues?|transcripts?|completions|generations|data|datasets?|corpus|corpora|labels|texts?|examples|conversations)";
/** Which model wrote what another learns from; models are X0, X1, …. */
const WROTE = new RegExp(
  [
    `\\b${WRITING} (?:that |which )?(?:(?:produced|written|generated|made|created|given) )?(?:of |from |by |with )?(?:an? |the |our )?X(\\d+)`,
    `X(\\d+)(?:['’]s|-generated)?(?: (?!using|on|with|from|by)[a-z-]+)? ${WRITING}\\b`,
    "\\bdistil\\w* (?:from )?X(\\d+)",
    `X(\\d+) (?:to |will )?(?:generat|writ|wrote|creat|label|annotat|synthesi[sz]|produc)\\w*\\s+(?:\\w+[- ]){0,3}${WRITING}\\b`,
    "X(\\d+)\\s*(?:模型)?\\s*(?:所|的)?\\s*(?:输出|生成|回答|答案|答复|对话|写)",
    "蒸馏\\s*X(\\d+)",
  ].join("|"),
  "i",
);
/** A mark that licences prescribe, which names a model. */
const MARK = /(Built with) (?:Meta )?[A-Z][\w-]*(?: \d(?:\.\d)?)?/g;
/** The licence that the new model is to have. */
const GIVEN =
  /\b(?:under|into|to|as)\s+(?:the |an? )?X(\d+)(?:\s+licen[cs]e)?(?![\w-])(?!\s+(?:model|base|weights|data|outputs?)\b)|(?:以|按|用|改成|改为|换成|换为|采用)\s*X(\d+)\s*(?:许可证?|协议|授权|开源|发布|$)/i;
/** A size in a model's name. */
const SIZE = /[ _-]\d+(?:\.\d+)?[BM](?![A-Za-z0-9])/i;
const afterName = (text: string, name: string): string => {
  const at = inEnglish(text).indexOf(name);
  return at < 0 ? "" : inEnglish(text).slice(at + name.length);
};
/** Names that are a licence's own, and no model's. */
const LICENCE = /^(Apache|MIT|CC[- ]BY)\b/i;
const NAMING =
  /\b(called|calling|named?|under the name(?: of)?|names?)\b|叫做?|取名[为叫]?|命名为?|改名为?|更名为?|名为|名字/gi;
const WRITES = new RegExp(
  `\\b${WRITING}\\b|\\b(generat|writ|wrote|creat|label|annotat|synthesi[sz]|produc|distil|teach|taught)\\w*|(输出|生成|回答|答案|答复|对话|蒸馏|数据集?|语料)`,
  "gi",
);
const ANOTHER = /\b(an)?other\b|\bdifferent\b|其他|其它|另一|另外|别的/i;

/**
 * Reads a question by its keywords; what it does not find is left out, never guessed, and what it does not know is told of.
 *
 * names  what models and licences are called; of two that overlap in the text the longer counts
 * @throws {BaimoError} `request` for a question that is too long
 */
export function readWords(text: string, names: readonly NamedLicence[]): ReadQuestion {
  if (text.length > LONGEST)
    throw new BaimoError(
      "request",
      `licences: a question has at most ${grouped(LONGEST)} characters, this has ${grouped(text.length)}; ask shorter`,
    );
  const told = factsIn(text);
  const facts: { -readonly [name in keyof Facts]: Facts[name] } = told.facts;
  const called = newName(text);
  if (called !== undefined && !LICENCE.test(called)) facts.name = called;
  const asked = withoutDenied(text);
  const rest = asked.replace(SERVICE, " ");
  const byService = rest !== asked;
  if (byService) facts.dataGeneratedBy = "closed-api";
  // A model that is yet to be named is none of the catalogue's.
  const isKnown = names.some(({ name }) => name.toLowerCase() === facts.name?.toLowerCase());
  const without = (words: string) =>
    facts.name === undefined || isKnown ? words : words.replaceAll(facts.name, " ");
  const left = without(rest);
  const beside = findNames(left.replace(MARK, "$1"), names);
  const all = beside.length > 0 ? beside : findNames(left, names);
  // Names of models have words of their own (Granite Code, DeepSeek-V3-Base).
  const numbered = (words: string) =>
    all.reduce((left, each, at) => left.replaceAll(each.name, `X${at}`), inEnglish(words));
  const bare = numbered(rest);
  const actions = new Set(actionsIn(bare, { byService }));
  // A licence that is to be put in the place of a model's own is none of what is used.
  const given = all[Number(GIVEN.exec(bare)?.slice(1).find(Boolean))];
  const isGiven =
    given !== undefined && LICENCE.test(given.name) && all.some((each) => each.licence !== given.licence);
  if (isGiven) actions.add("sublicense");
  const named = isGiven ? all.filter((each) => each !== given) : all;
  const writer = all[Number(WROTE.exec(bare)?.slice(1).find(Boolean))]?.licence;
  if (!byService && writer !== undefined && named.some(({ licence }) => licence !== writer)) {
    // What one model wrote trains the other.
    facts.dataGeneratedBy = writer;
    facts.compose = facts.compose === undefined ? "data" : `${facts.compose}+data`;
    if (actions.delete("train-on-outputs")) actions.add("fine-tune");
  } else if (actions.has("train-on-outputs") && ANOTHER.test(bare)) facts.target = "other";
  // Of one model its size may decide.
  const size =
    named.length === 1 &&
    /^[ _-](\d+(?:\.\d+)?[BM])(?![A-Za-z0-9])/.exec(afterName(rest, named[0].name))?.[1];
  if (named.length === 1 && (size || SIZE.test(named[0].name)))
    facts.model = size ? `${named[0].name} ${size}` : named[0].name;
  // Who counts users has a product.
  const hasUsers = facts.mau !== undefined || facts.mauAtRelease !== undefined || facts.dau !== undefined;
  const isUse = actions.size === 0 || (actions.size === 1 && actions.has("use"));
  if (hasUsers && isUse && facts.commercial !== false) {
    actions.delete("use");
    actions.add("commercial-use");
  }
  // What is denied once and said once, "not now, but later", is said.
  if (actions.has("commercial-use")) delete facts.commercial;
  if (facts.commercial === undefined && ![...actions].some((action) => isCommercial(action, facts)))
    facts.commercial = null;
  let words = numbered(without(told.rest.replace(SERVICE, " ").replace(MARK, "$1")));
  if (facts.name !== undefined) words = words.replace(NAMING, " ");
  if (facts.dataGeneratedBy !== undefined) words = words.replace(WRITES, " ");
  const understood = [...actionsNamed(bare), ...actions];
  return {
    named,
    actions: [...actions],
    facts,
    unread: unreadIn(withoutActions(words.replace(SUFFIXES, " "), understood)),
  };
}

// `baimo may`: what licences permit, with the clause; in words or by flags.
import { type Command, InvalidArgumentError } from "commander";
import { BaimoError } from "../../errors.ts";
import { findLicence, licenceNames } from "../../licences/catalogue-names.ts";
import { conditionTexts } from "../../licences/conditions.ts";
import {
  ACTION_NAMES,
  type Action,
  actionQuestion,
  FACT_TYPES,
  FACT_WORDS,
  type FactName,
  factQuestions,
  readActions,
} from "../../licences/facts.ts";
import type { NamedLicence } from "../../licences/find-names.ts";
import { type Answer, type Asked, mayI, type Question, type Verdict } from "../../licences/may.ts";
import { readWords } from "../../licences/read-words.ts";
import { actionTexts, verdictTexts } from "../../licences/words.ts";
import { readNumber } from "../amount.ts";
import { addLanguageOption, type Language } from "../language.ts";
import { loadCatalogue, loadTerms } from "../load-catalogue.ts";
import { type CommandContext, collect, nonEmpty, orUsage } from "../options.ts";

interface MayFlags {
  uses?: string[];
  action?: string;
  fact?: [name: string, value: unknown][];
  explain?: boolean;
  json?: boolean;
  lang: Language;
}

/** The exit status of each verdict. */
const STATUS: Readonly<Record<Verdict, number>> = { yes: 0, "yes-if": 0, no: 3, unknown: 4 };
/** The words of an answer. */
const WORDS = {
  en: {
    asked: "asked",
    nothing: "no action is told",
    of: " of ",
    and: " and ",
    semicolon: "; ",
    colon: ": ",
    clauses: "clauses",
    terms: "terms",
    note: "note",
    copyOf: (day: string) => `copy of ${day}`,
    asOf: (day: string) => `as of ${day}`,
    readOn: (day: string) => `read ${day}`,
  },
  zh: {
    asked: "所问",
    nothing: "未说明做什么",
    of: "：",
    and: "、",
    semicolon: "；",
    colon: "：",
    clauses: "条款",
    terms: "各项条件",
    note: "说明",
    copyOf: (day: string) => `存本 ${day}`,
    asOf: (day: string) => `截至 ${day}`,
    readOn: (day: string) => `读于 ${day}`,
  },
};

/** Adds the command. */
export function addMay(program: Command, context: CommandContext): Command {
  const command = program.command("may");
  return addLanguageOption(command)
    .summary("say what licences permit, with the clause")
    .description(
      "Says whether licences permit what is asked, on which conditions, and which clause says so. The question is read by " +
        "keywords, in English or Chinese, or given by flags, which count more; what was understood is shown, and what was not. " +
        "What decides and was not given is asked for. A reading of the texts, no legal advice.",
    )
    .argument("[words...]", "the question, for example “May we sell a fine-tuned Llama 3.1?”")
    .option("--uses <name>", "a model or a licence of the catalogue (may be repeated)", collect(nonEmpty))
    .option("--action <action>", `what is done, several with +: ${ACTION_NAMES.join(", ")}`, readActionFlag)
    .option(
      "--fact <name=value>",
      `what is known, for example mau=50e6 (may be repeated): ${Object.keys(factQuestions).join(", ")}`,
      collect(readFact),
    )
    .option("--explain", "show what every term says, also those that do not decide")
    .option("--json", "print a JSON document")
    .addHelpText("after", "\nExit status here: 0 yes (also on conditions), 3 no, 4 unknown.")
    .action((words: string[], flags: MayFlags) => {
      const { terminal } = context;
      const { question, named } = readQuestion(command, words.join(" "), flags);
      const answer = orUsage(command, () => mayI(question, loadTerms()));
      context.exitCode = STATUS[answer.verdict];
      if (flags.json) terminal.json({ question, named, ...answer });
      else for (const line of show(question, named, answer, flags)) terminal.line(line);
    });
}

/** What words and flags say together, and what they name. */
function readQuestion(
  command: Command,
  text: string,
  { uses, action, fact = [] }: MayFlags,
): { question: Question; named: readonly NamedLicence[] } {
  const names = licenceNames(loadCatalogue());
  const read = text.trim() === "" ? undefined : readWords(text, names);
  const named = uses?.map((word) => orUsage(command, () => findLicence(word, names))) ?? read?.named ?? [];
  if (named.length === 0) {
    const hint = "name a model or a licence with --uses, for example --uses Qwen2.5-3B";
    const where = read
      ? "no model or licence of the catalogue is named in the question"
      : "there is no question";
    command.error(`error: may: ${where}; ${hint}`);
  }
  const twice = fact.find(([name], at) => fact.findIndex(([other]) => other === name) < at)?.[0];
  if (twice !== undefined) command.error(`error: may: --fact ${twice} is given twice; give it once`);
  const unsaid = action === undefined && read === undefined ? { commercial: null } : undefined;
  const question = {
    uses: [...new Set(named.map(({ licence }) => licence))],
    action: action ?? (read?.actions.join("+") || undefined),
    facts: { ...unsaid, ...read?.facts, ...Object.fromEntries(fact) },
    unread: read?.unread,
  };
  return { question, named };
}

function readActionFlag(text: string): string {
  try {
    return readActions(text).join("+");
  } catch (error) {
    if (!(error instanceof BaimoError)) throw error;
    throw new InvalidArgumentError(error.message.replace(/^licences: the/, "The"));
  }
}

/** "Qwen2.5-7B (Apache-2.0)"; a licence alone is itself. */
function nameOf({ name, licence }: NamedLicence, lang: Language): string {
  if (name.toLowerCase() === licence.toLowerCase()) return licence;
  return lang === "zh" ? `${name}（${licence}）` : `${name} (${licence})`;
}

/** "mau=50e6", "distribute=false", "name=Llama 3 Tiger", "provider=null". */
function readFact(text: string): [name: string, value: unknown] {
  const [, name, value] = /^\s*([A-Za-z]+)\s*=\s*([\s\S]+?)\s*$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be name=value, for example mau=50e6.");
  if (!Object.hasOwn(factQuestions, name))
    throw new InvalidArgumentError(`Known facts: ${Object.keys(factQuestions).join(", ")}.`);
  const type = FACT_TYPES[name as FactName]; // one of those that are known
  const wrong = () => new InvalidArgumentError(`The fact ${name} is ${FACT_WORDS[type]}, not "${value}".`);
  if (value === "null") return [name, null];
  if (type === "boolean") {
    if (value !== "true" && value !== "false") throw wrong();
    return [name, value === "true"];
  }
  if (type === "object") return [name, readPairs(value)];
  if (type === "string") return [name, value];
  try {
    const number = readNumber(value);
    if (number >= 0) return [name, number];
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
  }
  throw wrong();
}

/** "card:mit,file:apache-2.0". */
function readPairs(text: string): Record<string, string> {
  const pairs = text.split(",").map((pair) => /^\s*([^:]+?)\s*:\s*(.+?)\s*$/.exec(pair));
  return Object.fromEntries(
    pairs.map((pair) => {
      if (!pair) throw new InvalidArgumentError("Write where:licence, for example card:mit,file:apache-2.0.");
      return [pair[1], pair[2]];
    }),
  );
}

function show(
  { action, facts: given = {} }: Question,
  named: readonly NamedLicence[],
  answer: Answer,
  { explain, lang }: MayFlags,
): string[] {
  const { verdict, conditions, asks, clauses, warnings, reasons, notice } = answer;
  const words = WORDS[lang];
  const facts = Object.entries(given)
    .filter(([name, value]) =>
      name === "commercial" ? value !== null : !named.some((each) => each.name === value),
    )
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const actions = action?.split("+").map((each) => actionTexts[each as Action][lang]) ?? [words.nothing];
  const lines = [
    `${words.asked}${words.colon}${actions.join(words.and)}${words.of}${named.map((each) => nameOf(each, lang)).join(words.and)}${facts.length > 0 ? `${words.semicolon}${facts.join(", ")}` : ""}`,
    verdictTexts[verdict][lang],
    ...conditions.map((condition) => `  - ${conditionTexts[condition][lang]} (${condition})`),
    ...asks.map((asked) => `  ? ${questionOf(asked, lang)}`),
  ];
  const effects = verdict === "no" ? ["refuses"] : verdict === "unknown" ? ["open"] : [];
  for (const { effect, licence, text } of reasons)
    if (effects.includes(effect)) lines.push(`  ! ${licence}${words.colon}${text[lang]}`);
  if (clauses.length > 0) lines.push("", words.clauses);
  for (const { id, quote, source } of clauses) {
    const { accessed, copy, sha256, unhashed } = source;
    const day =
      copy !== undefined ? words.copyOf(copy) : unhashed ? words.asOf(accessed) : words.readOn(accessed);
    const hash = sha256 === undefined ? (unhashed?.[lang] ?? "") : `sha256 ${sha256.slice(0, 16)}…`;
    lines.push(`  ${id}  “${quote}”`, `    ${source.url} (${day}${words.semicolon}${hash})`);
  }
  if (explain) {
    lines.push("", words.terms);
    for (const { licence, clauses: keys, effect, condition, text } of reasons)
      lines.push(
        `  ${licence}#${keys.join(", #")}  ${effect}${condition ? ` ${condition}` : ""}${words.colon}${text[lang]}`,
      );
  }
  if (warnings.length > 0) lines.push("", ...warnings.map((text) => words.note + words.colon + text[lang]));
  return [...lines, "", notice[lang]];
}

/** What is asked for, and the flag that gives it. */
const questionOf = (asked: Asked, lang: Language): string =>
  asked === "action"
    ? `${actionQuestion[lang]} (--action …)`
    : `${factQuestions[asked][lang]} (--fact ${asked}=…)`;

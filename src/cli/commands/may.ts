// `baimo may`: what licences permit, with the clause; in words or by flags.
import { type Command, InvalidArgumentError } from "commander";
import { BaimoError } from "../../errors.ts";
import { conditionTexts } from "../../licences/conditions.ts";
import { ACTION_NAMES, factQuestions } from "../../licences/facts.ts";
import { type Answer, mayI, type Question, type Verdict } from "../../licences/may.ts";
import { readWords } from "../../licences/read-words.ts";
import { findLicence, licenceNames } from "../licence-search.ts";
import { loadCatalogue, loadTerms } from "../load-catalogue.ts";
import { type CommandContext, collect, nonEmpty } from "../options.ts";

interface MayFlags {
  uses?: string[];
  action?: string;
  fact?: [name: string, value: unknown][];
  explain?: boolean;
  json?: boolean;
}

/** The exit status of each verdict. */
const STATUS: Readonly<Record<Verdict, number>> = { yes: 0, "yes-if": 0, no: 3, unknown: 4 };
const VERDICTS: Readonly<Record<Verdict, string>> = {
  yes: "yes",
  "yes-if": "yes, on these conditions",
  no: "no, not under this licence as the facts stand",
  unknown: "unknown: what is at hand does not decide",
};

/** Adds the command. */
export function addMay(program: Command, context: CommandContext): Command {
  return program
    .command("may")
    .summary("say what licences permit, with the clause")
    .description(
      "Says whether licences permit what is asked, on which conditions, and which clause says so. The question is read by " +
        "keywords, in English or Chinese, or given by flags, which count more; what was understood is shown. What decides " +
        "and was not given is asked for. A reading of the texts, no legal advice.",
    )
    .argument("[words...]", "the question, for example “May we sell a fine-tuned Llama 3.1?”")
    .option("--uses <name>", "a model or a licence of the catalogue (may be repeated)", collect(nonEmpty))
    .option("--action <action>", `what is done: ${ACTION_NAMES.join(", ")}`, nonEmpty)
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
      const question = readQuestion(words.join(" "), flags);
      const answer = mayI(question, loadTerms());
      context.exitCode = STATUS[answer.verdict];
      if (flags.json) terminal.json({ question, ...answer });
      else for (const line of show(question, answer, flags.explain === true)) terminal.line(line);
    });
}

/** What words and flags say together. */
function readQuestion(text: string, { uses, action, fact = [] }: MayFlags): Question {
  const names = licenceNames(loadCatalogue());
  const read = text.trim() === "" ? undefined : readWords(text, names);
  const named = uses?.map((word) => findLicence(word, names)) ?? read?.uses ?? [];
  if (named.length === 0) {
    const hint = "name a model or a licence with --uses, for example --uses Qwen2.5-3B";
    throw new BaimoError(
      "request",
      `may: no model or licence of the catalogue is named in the question; ${hint}`,
    );
  }
  return {
    uses: named,
    action: action ?? read?.action ?? "use",
    facts: { ...read?.facts, ...Object.fromEntries(fact) },
  };
}

/** "mau=50e6", "distribute=false", "name=Llama 3 Tiger", "provider=null". */
function readFact(text: string): [name: string, value: unknown] {
  const [, name, value] = /^\s*([A-Za-z]+)\s*=\s*([\s\S]+?)\s*$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be name=value, for example mau=50e6.");
  if (!Object.hasOwn(factQuestions, name))
    throw new InvalidArgumentError(`Known facts: ${Object.keys(factQuestions).join(", ")}.`);
  if (["true", "false", "null"].includes(value)) return [name, JSON.parse(value)];
  if (name === "declared")
    return [name, Object.fromEntries(value.split(",").map((pair) => pair.trim().split(":", 2)))];
  const isNumber = ["mau", "dau", "revenue", "users"].some((part) => name.toLowerCase().includes(part));
  return [name, isNumber ? Number(value) : value];
}

function show(question: Question, answer: Answer, explain: boolean): string[] {
  const { verdict, conditions, asks, clauses, warnings, reasons, notice } = answer;
  const facts = Object.entries(question.facts ?? {}).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  );
  const lines = [
    `asked: ${question.action} of ${question.uses.join(" and ")}${facts.length > 0 ? `; ${facts.join(", ")}` : ""}`,
    VERDICTS[verdict],
    ...conditions.map((condition) => `  - ${conditionTexts[condition].en} (${condition})`),
    ...asks.map((fact) => `  ? ${factQuestions[fact].en} (--fact ${fact}=…)`),
  ];
  const effects = verdict === "no" ? ["refuses"] : verdict === "unknown" ? ["open"] : [];
  for (const { effect, licence, text } of reasons)
    if (effects.includes(effect)) lines.push(`  ! ${licence}: ${text.en}`);
  if (clauses.length > 0) lines.push("", "clauses");
  for (const { id, quote, source } of clauses) {
    const read = source.copy === undefined ? `read ${source.accessed}` : `copy of ${source.copy}`;
    const hash =
      source.sha256 === undefined ? (source.unhashed?.en ?? "") : `sha256 ${source.sha256.slice(0, 16)}…`;
    lines.push(`  ${id}  “${quote}”`, `    ${source.url} (${read}; ${hash})`);
  }
  if (explain) {
    lines.push("", "terms");
    for (const { licence, clauses: keys, effect, condition, text } of reasons)
      lines.push(
        `  ${licence}#${keys.join(", #")}  ${effect}${condition ? ` ${condition}` : ""}: ${text.en}`,
      );
  }
  if (warnings.length > 0) lines.push("", ...warnings.map(({ en }) => `note: ${en}`));
  return [...lines, "", notice.en];
}

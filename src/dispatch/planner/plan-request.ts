// Plans a request: a verdict, then steps, each held to what there is; fixed before any row is read.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema, parseJson } from "../../json.ts";
import { mismatches } from "../check-schema.ts";
import { type FactSource, readTask, type Task } from "../graph/task.ts";
import { type Bounds, type Plan, type Tools, validate } from "../graph/validate.ts";
import type { Asker } from "../tool.ts";
import type { Ask } from "./ask.ts";
import { type Catalogue, inBrief, inWords } from "./catalogue.ts";
import { type Draft, object, type Ref } from "./draft.ts";
import { movesOf } from "./moves.ts";
import { wordsOfRequest } from "./words.ts";

/** What a plan is written with. */
export interface WritingContext {
  readonly ask: Ask;
  readonly catalogue: Catalogue;
  readonly asker: Asker;
  /** YYYY-MM-DD. */
  readonly today: string;
  /** For a small model that was taught to plan: no rules, and columns only of the tables that it chose. */
  readonly isBrief?: boolean;
}

/** What a plan is made with. */
export interface PlanContext extends WritingContext, Bounds {
  readonly tools: Tools;
}

/** Where a name that is not clear may be looked up. */
export interface Lookup {
  readonly db: string;
  readonly table: string;
  readonly column: string;
  readonly text: string;
}

export type Planned = { readonly verdict: "plan"; readonly task: Task; readonly plan: Plan } | Declined;

/** What a model wrote, before anything of it was looked at. */
export type Written = { readonly verdict: "plan"; readonly task: Task } | Declined;

type Declined =
  | { readonly verdict: "clarify"; readonly missing: string; readonly lookup?: Lookup }
  | { readonly verdict: "refuse"; readonly reason: string };

const MISSING = ["period", "customer", "product", "region", "person", "measure", "amount", "other"];
const REASONS = ["out-of-scope", "permission", "budget", "destructive"];
const MOST_STEPS = 12;
const MOST_FACTS = 10;

const RULES =
  "You plan work over the data and tools below and write JSON, nothing else. First the verdict: plan; clarify, when the " +
  "request leaves open what is needed; refuse, when nothing below can do it or it asks to destroy. Then one step at a time: " +
  'next names the step, then its arguments. Earlier values are named like "n1 total". End with done and the values to report.';

/**
 * An invalid answer goes back once, then to the person.
 *
 * @throws {BaimoError} `request` where the model gives no valid plan twice
 */
export async function planRequest(request: string, context: PlanContext): Promise<Planned> {
  try {
    return await tryPlan(request, context, "");
  } catch (error) {
    if (!(error instanceof BaimoError) || error.code === "aborted") throw error;
    return tryPlan(request, context, `The plan before was not valid (${placeOf(error)}).\n`);
  }
}

/** Where it is at fault, and no words of the message: files and third parties have a part in those. */
const placeOf = ({ code, message }: BaimoError): string =>
  [code, /\bn\d{1,2}\b/.exec(message)?.[0]].filter((part) => part !== undefined).join(", ");

async function tryPlan(request: string, context: PlanContext, before: string): Promise<Planned> {
  const { asker, tools, budgetFen } = context;
  const written = await writePlan(request, context, before);
  if (written.verdict !== "plan") return written;
  const { task } = written;
  return { verdict: "plan", task, plan: await validate(task, tools, asker, { budgetFen }) };
}

/**
 * What a model writes for a request, step by step.
 *
 * before   what it is told first, in lines
 * @throws {BaimoError} `request` where an answer does not hold to its form
 */
export async function writePlan(request: string, context: WritingContext, before = ""): Promise<Written> {
  const { catalogue, asker, today, isBrief = false } = context;
  const words = wordsOfRequest(request, today);
  const system = isBrief
    ? `${today} ${asker.role}\n${inBrief(catalogue)}`
    : `${RULES}\nToday is ${today}. The role is ${asker.role}.\n\n${inWords(catalogue)}`;
  let state = before;
  const tell = (line: string) => {
    if (isBrief && line !== "" && !state.includes(`${line}\n`)) state += `${line}\n`;
  };
  const choose = async (schema: JsonSchema): Promise<Record<string, unknown>> => {
    const value = await answer(context.ask, { system, request, state }, schema);
    state += `${JSON.stringify(value)}\n`;
    return value;
  };
  const { verdict } = await choose(object({ verdict: { enum: ["plan", "clarify", "refuse"] } }));
  if (verdict === "refuse") {
    const { reason } = await choose(object({ reason: { enum: REASONS } }));
    return { verdict, reason: String(reason) };
  }
  if (verdict === "clarify") return clarify(choose, catalogue, words.texts);
  let draft: Draft = { nodes: [], refs: [], rows: new Map() };
  while (draft.nodes.length < MOST_STEPS) {
    const moves = movesOf(draft, catalogue, words);
    const names = [...moves.map(({ name }) => name), ...(draft.refs.length > 0 ? ["done"] : [])];
    const { next } = await choose(object({ next: { enum: names } }));
    const move = moves.find(({ name }) => name === next);
    if (!move) break;
    tell(move.about ?? "");
    const grown = move.add(draft, await choose(move.schema));
    const given = grown.refs.slice(draft.refs.length);
    tell(
      given
        .map(({ name }) => name)
        .filter((name) => !/^n\d+ all /.test(name))
        .join(", "),
    );
    draft = grown;
  }
  const { facts } = await choose(
    object({
      facts: {
        type: "array",
        minItems: 1,
        maxItems: MOST_FACTS,
        items: { enum: draft.refs.map(({ name }) => name) },
      },
    }),
  );
  const chosen = [...new Set(facts as string[])].map(
    (name) => draft.refs.find((ref) => ref.name === name) as Ref,
  ); // by the schema
  const task = readTask({ nodes: draft.nodes, facts: factsOf(chosen) });
  return { verdict: "plan", task };
}

async function clarify(
  choose: (schema: JsonSchema) => Promise<Record<string, unknown>>,
  { databases }: Catalogue,
  texts: readonly string[],
): Promise<Written> {
  const { missing } = await choose(object({ missing: { enum: MISSING } }));
  const columns = databases.flatMap(({ name: db, tables }) =>
    tables.flatMap(({ name: table, columns }) =>
      columns.filter(({ isNumber }) => !isNumber).map(({ name }) => `${db}.${table}.${name}`),
    ),
  );
  if (texts.length === 0 || columns.length === 0) return { verdict: "clarify", missing: String(missing) };
  const { column, text } = await choose(
    object({ column: { enum: ["none", ...columns] }, text: { enum: texts } }),
  );
  const [db, table, name] = String(column).split(".");
  if (table === undefined) return { verdict: "clarify", missing: String(missing) };
  return {
    verdict: "clarify",
    missing: String(missing),
    lookup: { db, table, column: name, text: String(text) },
  };
}

/** The same name twice gets a number. */
function factsOf(refs: readonly Ref[]): FactSource[] {
  const keys = new Set<string>();
  return refs.map(({ node, path, name, unit }) => {
    const base = name.replace(/^n\d+ (?:all )?/, "").replace(/[^\p{L}\p{N}_]/gu, "_");
    let key = base;
    for (let n = 2; keys.has(key); n++) key = `${base}_${n}`;
    keys.add(key);
    return { key, node, path, unit: unit ?? unitOf(base) };
  });
}

/** As columns are called: total_fen, wait_min. */
function unitOf(name: string): string {
  if (/^(?:ratio|change|share|top_share|pd)(?:_\d+)?$/.test(name)) return "ratio";
  if (/^(?:count|distinct)(?:_|$)/.test(name)) return "";
  const [, unit] = /_(fen|bp|g|kg|min)(?:_|$)/.exec(name) ?? [];
  return unit === "bp" ? "basis points" : (unit ?? "");
}

/** @throws {BaimoError} `request` for what is not of the schema: an endpoint may not hold to it */
async function answer(
  ask: Ask,
  question: Parameters<Ask>[0],
  schema: JsonSchema,
): Promise<Record<string, unknown>> {
  const text = await ask(question, schema);
  let value: unknown;
  try {
    value = parseJson(text.replace(/^\s*```(?:json)?|```\s*$/g, ""), "the plan");
  } catch (cause) {
    throw new BaimoError(
      "request",
      "the plan is not whole JSON; a model with more context, or another one, may do better",
      { cause },
    );
  }
  const [fault] = mismatches(value, schema);
  if (!fault && isRecord(value)) return value;
  throw new BaimoError(
    "request",
    `the plan does not hold to its form: ${fault ? `${fault.at} ${fault.text}` : "no object"}`,
  );
}

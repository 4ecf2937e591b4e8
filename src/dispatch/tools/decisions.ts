// The tools plan and may: what a model costs and earns, what licences permit; with their sources.
import type { Catalogue } from "../../catalogue/catalogue.ts";
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import { licenceNames } from "../../licences/catalogue-names.ts";
import { mayI } from "../../licences/may.ts";
import { readWords } from "../../licences/read-words.ts";
import type { LicenceTerms } from "../../licences/terms.ts";
import { everyQuantity } from "../../plan/quantity/explain.ts";
import type { Quantity, Source } from "../../plan/quantity/quantity.ts";
import { answerScenario, type CountedScenario, type ScenarioAnswer } from "../../plan/scenario/scenario.ts";
import { type Citation, hashOf } from "../evidence.ts";
import { referencesIn } from "../graph/references.ts";
import type { Args, Tool } from "../tool.ts";

/** What decisions are read from. */
export interface Grounds {
  readonly catalogue: Catalogue;
  readonly terms: ReadonlyMap<string, LicenceTerms>;
}

const named = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: "object", properties });

/** Counts what training, serving or handing work to a model costs and earns; public data, for every role. */
export function plan(grounds: () => Grounds): Tool {
  const answer = (args: Args) => answerScenario(scenarioOf(args), grounds().catalogue);
  return {
    name: "plan",
    effect: "read",
    fixed: ["plan", "model"],
    input: {
      type: "object",
      required: ["plan", "options"],
      additionalProperties: false,
      properties: {
        plan: { type: "string", enum: ["roi", "serve", "train"] },
        model: { type: ["string", "object"] },
        options: { type: "object" },
      },
    },
    costFen: () => 0,
    async check(args) {
      if (args.plan !== "roi" && args.model === undefined) {
        throw new BaimoError("request", `plan ${args.plan} is of a model; name one in model`);
      }
      if (referencesIn(args.options).length > 0) return { type: "object" }; // the options are read when it runs
      const results = Object.keys(answer(args).answer.results).map((name) => [name, {}]);
      return named({
        verdict: { type: "string" },
        results: named(Object.fromEntries(results)),
        quantiles: { type: "object" },
        warnings: { type: "array" },
      });
    },
    async run({ node, args }) {
      const given = answer(args);
      const { results, distribution, warnings } = given.answer;
      const citations = everyQuantity(Object.values(results)).map(citationOf);
      return {
        output: {
          verdict: verdictOf(given),
          results: Object.fromEntries(Object.entries(results).map(([name, { value }]) => [name, value])),
          quantiles: distribution?.quantiles ?? {},
          warnings,
        },
        evidence: [
          {
            kind: "step",
            node,
            tool: "plan",
            step: String(args.plan),
            inputSha256: await hashOf(args),
            citations,
          },
        ],
      };
    },
  };
}

const scenarioOf = ({ plan, model, options }: Args) => ({ plan, model, options }) as CountedScenario; // looked at by its reader

function verdictOf({ answer }: ScenarioAnswer): string {
  return "verdict" in answer && answer.verdict ? answer.verdict.kind : "none";
}

/** "roi = saving / model", "0.9 ratio, given". */
function citationOf(quantity: Quantity): Citation {
  const { name, value, unit, origin, note } = quantity;
  const figure = `${value ?? "unknown"} ${unit}`;
  const says = quantity.origin === "computed" ? `${figure} = ${quantity.formula}` : `${figure}, ${origin}`;
  return { name, says: note === undefined ? says : `${says}: ${note}`, source: sourceOf(quantity.source) };
}

const sourceOf = (source: Source | undefined): string | undefined =>
  source && [source.title, source.date, source.url].filter((part) => part !== undefined).join(", ");

/** What licences permit, asked in words; facts of the case may come from earlier nodes. */
export function may(grounds: () => Grounds): Tool {
  const questionOf = ({ question, facts }: Args) => {
    const read = readWords(String(question), licenceNames(grounds().catalogue));
    if (read.named.length === 0) {
      throw new BaimoError(
        "request",
        "may: the question names no model or licence of the catalogue; name one",
      );
    }
    return {
      uses: [...new Set(read.named.map(({ licence }) => licence))],
      action: read.actions.join("+") || undefined,
      facts: Object.assign({}, read.facts, isRecord(facts) ? facts : undefined),
      unread: read.unread,
    };
  };
  return {
    name: "may",
    effect: "read",
    fixed: ["question"],
    input: {
      type: "object",
      required: ["question"],
      additionalProperties: false,
      properties: { question: { type: "string", maxLength: 4000 }, facts: { type: "object" } },
    },
    costFen: () => 0,
    async check(args) {
      questionOf(args);
      const names = ["licences", "conditions", "asks", "clauses", "unread"];
      const lists = names.map((name) => [name, { type: "array", items: { type: "string" } }]);
      return named(Object.assign({ verdict: { type: "string" } }, Object.fromEntries(lists)));
    },
    async run({ node, args }) {
      const question = questionOf(args);
      const { verdict, conditions, asks, clauses } = mayI(question, grounds().terms);
      const citations = clauses.map(({ id, quote, source }) => ({
        name: id,
        says: quote,
        source: source.url,
      }));
      return {
        output: {
          verdict,
          licences: question.uses,
          conditions,
          asks,
          clauses: clauses.map(({ id }) => id),
          unread: question.unread,
        },
        evidence: [
          {
            kind: "step",
            node,
            tool: "may",
            step: question.action ?? "unsaid",
            inputSha256: await hashOf(question),
            citations,
          },
        ],
      };
    },
  };
}

// The tool calc: a calculation over values, a row or rows.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import { checkCalls, evaluateCalc } from "../calc/evaluate.ts";
import { parseCalc } from "../calc/parse.ts";
import { freeNames } from "../calc/syntax.ts";
import { hashOf } from "../evidence.ts";
import type { Args, Tool } from "../tool.ts";

export const calc: Tool = {
  name: "calc",
  effect: "read",
  fixed: ["expr"],
  input: { type: "object", required: ["expr"], properties: { expr: { type: "string", maxLength: 4000 } } },
  costFen: () => 0,
  async check(args, _asker, schemas) {
    const statements = parseCalc(String(args.expr));
    checkCalls(statements);
    const { known, isComplete } = namesOf(args, schemas);
    const unknown = freeNames(statements).find((name) => !known.includes(name));
    if (unknown !== undefined && isComplete) {
      const near = nearestName(unknown, known);
      const next = near ? `did you mean ${near}?` : `known: ${known.join(", ") || "none"}`;
      throw new BaimoError("request", `calc: there is no ${unknown}; ${next}`);
    }
    return { type: "object", properties: Object.fromEntries(statements.map(({ name }) => [name, {}])) };
  },
  async run({ node, args }) {
    const { expr, ...bound } = args;
    const step = String(expr);
    const output = evaluateCalc(parseCalc(step), bound);
    const inputSha256 = await hashOf(bound);
    return { output, evidence: [{ kind: "step", node, tool: "calc", step, inputSha256 }] };
  },
};

/** Names that a calculation can use; `isComplete`: there are no others, the columns being known. */
function namesOf(args: Args, schemas: ReadonlyMap<string, JsonSchema>) {
  const { expr: _, ...bound } = args;
  const known = Object.keys(bound);
  let isComplete = true;
  for (const name of ["row", "rows"].filter((each) => Object.hasOwn(bound, each))) {
    const schema = schemas.get(name);
    const row = name === "rows" ? schema?.items : schema;
    if (isRecord(row) && isRecord(row.properties)) known.push(...Object.keys(row.properties));
    else isComplete = false;
  }
  return { known, isComplete };
}

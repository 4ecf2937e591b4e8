// Looks at a whole task before anything runs: tools, roles, arguments, references, cost, writes.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import { mismatches } from "../check-schema.ts";
import type { Asker, Tool } from "../tool.ts";
import { orderOf } from "./order.ts";
import { isReference, referencesIn, schemaAt } from "./references.ts";
import type { Task, TaskNode } from "./task.ts";

/** Tools by name. */
export type Tools = ReadonlyMap<string, Tool>;

/** What a run may use. */
export interface Bounds {
  readonly budgetFen?: number;
}

/** A task that may run. */
export interface Plan {
  readonly task: Task;
  /** Nodes, each after those that it needs. */
  readonly order: readonly TaskNode[];
  /** At most. */
  readonly costFen: number;
  /** Nodes that write. */
  readonly writes: readonly string[];
}

/**
 * @throws {BaimoError} `request` with the node at fault: an unknown tool, a role without rights, arguments or references that
 *   do not fit, a cycle, a statement that does not compile, a cost above the budget
 */
export async function validate(task: Task, tools: Tools, asker: Asker, bounds: Bounds = {}): Promise<Plan> {
  const order = orderOf(task.nodes);
  const outputs = new Map<string, JsonSchema>();
  let costFen = 0;
  for (const node of order) {
    const tool = toolOf(node, tools);
    try {
      outputs.set(node.id, await checkNode(node, tool, asker, outputs));
      costFen += tool.costFen(node.args);
    } catch (cause) {
      if (!(cause instanceof BaimoError)) throw cause;
      throw new BaimoError(cause.code, `node ${node.id}: ${cause.message}`, { cause });
    }
  }
  for (const { key, node, path } of task.facts) {
    const output = outputs.get(node);
    if (!output) throw new BaimoError("request", `fact ${key} is taken from ${node}, which is no node`);
    schemaAt(output, path, node);
  }
  const { budgetFen = Infinity } = bounds;
  if (costFen > budgetFen) {
    throw new BaimoError("request", `the task may cost ${costFen} fen; the budget is ${budgetFen} fen`);
  }
  const writes = order
    .filter((node) => toolOf(node, tools).effect === "write" || node.needsApproval)
    .map(({ id }) => id);
  return { task, order, costFen, writes };
}

function toolOf({ id, tool }: TaskNode, tools: Tools): Tool {
  const found = tools.get(tool);
  if (found) return found;
  const names = [...tools.keys()];
  const near = nearestName(tool, names);
  const next = near ? `did you mean ${near}?` : `known: ${names.join(", ")}`;
  throw new BaimoError("request", `node ${id}: there is no tool ${tool}; ${next}`);
}

/** What the node will give. */
async function checkNode(
  { args }: TaskNode,
  tool: Tool,
  asker: Asker,
  outputs: ReadonlyMap<string, JsonSchema>,
): Promise<JsonSchema> {
  const [fault] = mismatches(args, tool.input, { skip: isReference });
  if (fault) throw new BaimoError("request", `argument ${fault.at.slice(1)} ${fault.text}`);
  for (const name of tool.fixed) {
    if (referencesIn(args[name]).length === 0) continue;
    throw new BaimoError("request", `argument ${name} must be a literal; no value that was read may fill it`);
  }
  for (const { $from, path } of referencesIn(args)) schemaAt(outputs.get($from) ?? {}, path, $from);
  const schemas = new Map<string, JsonSchema>();
  for (const [name, value] of Object.entries(args)) {
    if (!isReference(value)) continue;
    const given = schemaAt(outputs.get(value.$from) ?? {}, value.path, value.$from);
    checkType(name, given, tool.input);
    schemas.set(name, given);
  }
  return tool.check(args, asker, schemas);
}

/** Whether what a reference leads to can be what the argument takes. */
function checkType(name: string, given: JsonSchema, input: JsonSchema): void {
  const wanted = isRecord(input.properties) ? input.properties[name] : undefined;
  if (!isRecord(wanted) || wanted.type === undefined || given.type === undefined) return;
  const types = [wanted.type].flat();
  if (types.includes(given.type) || (given.type === "integer" && types.includes("number"))) return;
  throw new BaimoError(
    "request",
    `argument ${name} takes ${types.join(" or ")}, but the reference gives ${given.type}`,
  );
}

// A saved task: typed parameters, a graph of tool calls, and the facts that it is to give.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import { mismatches } from "../check-schema.ts";

/** One call of a tool. */
export interface TaskNode {
  readonly id: string;
  readonly tool: string;
  /** Literals, `{"$from": node, "path": pointer}` and `{"$parameter": name}`. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Nodes that must have ended before. */
  readonly after: readonly string[];
  readonly needsApproval?: boolean;
}

/** Where a fact is found. */
export interface FactSource {
  readonly key: string;
  readonly node: string;
  /** A pointer into the node's output. */
  readonly path: string;
  readonly unit?: string;
  /** What a report calls it. */
  readonly label?: Words;
}

/** The same in both languages. */
export interface Words {
  readonly zh?: string;
  readonly en?: string;
}

/** A sentence of the report: `{key}` is a fact, `{rose|after > before}` words for what a calculation says. */
export interface SentenceTemplate extends Words {
  /** A calculation over facts; the sentence stands where it is true. */
  readonly when?: string;
  /** Facts that the words outside of slots draw on. */
  readonly cites?: readonly string[];
}

export interface Task {
  /** The schema of each parameter. */
  readonly parameters?: Readonly<Record<string, JsonSchema>>;
  readonly nodes: readonly TaskNode[];
  readonly facts: readonly FactSource[];
  /** Default: a sentence for each fact. */
  readonly report?: readonly SentenceTemplate[];
}

const words = { zh: { type: "string", maxLength: 2000 }, en: { type: "string", maxLength: 2000 } };
const MOST_NODES = 40;
const id = { type: "string", pattern: "^n[0-9]+$", maxLength: 16 };

/** The form of a task file. */
export const taskSchema: JsonSchema = {
  type: "object",
  required: ["nodes", "facts"],
  additionalProperties: false,
  properties: {
    parameters: { type: "object", additionalProperties: { type: "object" } },
    nodes: {
      type: "array",
      minItems: 1,
      maxItems: MOST_NODES,
      items: {
        type: "object",
        required: ["id", "tool", "args", "after"],
        additionalProperties: false,
        properties: {
          id,
          tool: { type: "string" },
          args: { type: "object" },
          after: { type: "array", items: id, uniqueItems: true, maxItems: MOST_NODES },
          needsApproval: { type: "boolean" },
        },
      },
    },
    facts: {
      type: "array",
      maxItems: 200,
      items: {
        type: "object",
        required: ["key", "node", "path"],
        additionalProperties: false,
        properties: {
          key: { type: "string", minLength: 1, maxLength: 100 },
          node: id,
          path: { type: "string", pattern: "^(/|$)", maxLength: 500 },
          unit: { type: "string", maxLength: 100 },
          label: { type: "object", additionalProperties: false, properties: words },
        },
      },
    },
    report: {
      type: "array",
      maxItems: 100,
      items: {
        type: "object",
        additionalProperties: false,
        properties: {
          zh: words.zh,
          en: words.en,
          when: { type: "string", maxLength: 1000 },
          cites: { type: "array", maxItems: 50, items: { type: "string" } },
        },
      },
    },
  },
};

/**
 * A task from JSON, its form checked and its parameters put in.
 *
 * @throws {BaimoError} `format` for another form, `request` for parameters that do not fit
 */
export function readTask(value: unknown, parameters: Readonly<Record<string, unknown>> = {}): Task {
  const [fault] = mismatches(value, taskSchema);
  if (fault) throw new BaimoError("format", `task: ${fault.at} ${fault.text}`);
  const task = value as Task; // by its schema
  const schemas = task.parameters ?? {};
  const [wrong] = mismatches(parameters, {
    type: "object",
    required: Object.keys(schemas),
    additionalProperties: false,
    properties: schemas,
  });
  if (wrong) throw new BaimoError("request", `parameter ${wrong.at.slice(1)} ${wrong.text}`);
  const nodes = task.nodes.map((node) => withArgs(node, bind(node.args, parameters, node.id)));
  return { parameters: schemas, nodes, facts: task.facts, report: task.report };
}

const withArgs = (node: TaskNode, args: unknown): TaskNode => ({
  id: node.id,
  tool: node.tool,
  args: args as TaskNode["args"], // an object stays one
  after: node.after,
  needsApproval: node.needsApproval,
});

/** The same value with parameters in their places. */
function bind(value: unknown, parameters: Readonly<Record<string, unknown>>, node: string): unknown {
  if (Array.isArray(value)) return value.map((item) => bind(item, parameters, node));
  if (!isRecord(value)) return value;
  if (typeof value.$parameter !== "string") {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, bind(item, parameters, node)]),
    );
  }
  if (Object.hasOwn(parameters, value.$parameter)) return parameters[value.$parameter];
  throw new BaimoError(
    "request",
    `node ${node} uses parameter ${value.$parameter}, which the task does not have`,
  );
}

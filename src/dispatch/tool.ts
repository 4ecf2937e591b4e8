// What a tool is: its arguments, what it gives, what it costs, and what it leaves as evidence.
import type { JsonSchema } from "../json.ts";
import type { Evidence } from "./evidence.ts";

/** Arguments by name; before a run with references in them. */
export type Args = Readonly<Record<string, unknown>>;

/** Who asks. */
export interface Asker {
  readonly role: string;
}

/** What a call gave. */
export interface ToolResult {
  readonly output: unknown;
  readonly evidence: readonly Evidence[];
  /** What was left out of a third party's answer, by pointer. */
  readonly dropped?: readonly string[];
}

/** A call that is asked for. */
export interface ToolCall {
  readonly node: string;
  readonly args: Args;
  readonly asker: Asker;
  readonly signal?: AbortSignal;
  /** Of a write: the key under which it happens once. */
  readonly key?: string;
  /** Of a write: what `preview` gave, and somebody approved. */
  readonly shown?: unknown;
}

/** One tool. */
export interface Tool {
  readonly name: string;
  readonly effect: "read" | "write";
  readonly input: JsonSchema;
  /** Arguments that no other node's output may fill. */
  readonly fixed: readonly string[];
  /** What a call of these arguments costs at most, in fen. */
  costFen(args: Args): number;
  /**
   * Looks at arguments before anything runs, and says what the call will give.
   *
   * schemas  what the arguments that are references lead to, by name
   * @throws {BaimoError} `request` where the call cannot work, or the role may not
   */
  check(args: Args, asker: Asker, schemas: ReadonlyMap<string, JsonSchema>): Promise<JsonSchema>;
  /** Of a write: what would change, for whoever approves. */
  preview?(call: ToolCall): Promise<unknown>;
  run(call: ToolCall): Promise<ToolResult>;
}

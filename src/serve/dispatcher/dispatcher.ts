// Tasks that people of the application may run, as its routes know them.
import type { PlanningModel, RunView, Task } from "../../dispatch/index.ts";
import type { JsonSchema } from "../../json.ts";
import { callback, fields, required } from "../../option-kinds.ts";
import type { TableOf } from "../../options.ts";

/** Who asks: an id that stays, and the name that roles are given to. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** A saved task, and what must be said to run it. */
export interface SavedTask {
  readonly name: string;
  readonly parameters: Readonly<Record<string, JsonSchema>>;
}

/** A saved task with its parameters, or a request in words with the model that plans it. */
export type Wish = {
  readonly budgetFen?: number;
} & (
  | { readonly task: string; readonly parameters?: Readonly<Record<string, unknown>> }
  | { readonly request: string; readonly model: PlanningModel; readonly signal?: AbortSignal }
);

/** What would run, or why nothing does. */
export type Proposal =
  | {
      readonly verdict: "plan";
      readonly task: Task;
      readonly order: readonly string[];
      readonly costFen: number;
      readonly writes: readonly string[];
    }
  | { readonly verdict: "clarify"; readonly missing: string; readonly candidates: readonly unknown[] }
  | { readonly verdict: "refuse"; readonly reason: string };

/** What is to be run. */
export interface Order {
  readonly task: unknown;
  readonly language: "zh" | "en";
  readonly request?: string;
  readonly level?: string;
  readonly budgetFen?: number;
}

/** A run in a list. */
export interface RunSummary {
  readonly id: string;
  readonly state: RunView["state"];
  readonly created: number;
  readonly request: string | null;
}

/** What somebody says to an approval: the hash is of what was shown. */
export interface Decision {
  readonly node: string;
  readonly argumentsSha256: string;
  readonly approve: boolean;
}

/** Rows behind a fact: those of its statement, and the keys of the rows that went in. */
export interface FactRows {
  readonly rows: readonly unknown[];
  readonly count: number;
  readonly keys: readonly unknown[];
  readonly keyCount: number;
}

/** Runs tasks for people; each sees their own runs alone. */
export interface Dispatcher {
  roleOf(person: Person): string | undefined;
  tasks(): readonly SavedTask[];
  runs(person: Person): Promise<readonly RunSummary[]>;
  /** @throws {BaimoError} `request` for a task that is not there or not valid; nothing runs */
  propose(person: Person, wish: Wish): Promise<Proposal>;
  /** Begins a run, which goes on by itself; returns its id. @throws {BaimoError} as `validate` */
  begin(person: Person, order: Order): Promise<string>;
  /** Whether a run is a person's; what follows is refused for another's. */
  owns(person: Person, run: string): Promise<boolean>;
  view(person: Person, run: string): Promise<RunView>;
  decide(person: Person, run: string, decision: Decision): Promise<void>;
  rows(person: Person, run: string, fact: string, evidence: number): Promise<FactRows>;
  report(person: Person, run: string, form: "html" | "markdown"): Promise<string>;
  /** All of a person's runs as they are now; of one that cannot be read, why. */
  all(person: Person): AsyncIterable<RunView | { readonly id: string; readonly problem: string }>;
  /** Ends a person's runs, and forgets them for good. */
  forget(person: Person): Promise<void>;
}

/** The same, declared. */
export const dispatcher = fields({
  roleOf: required(callback<Dispatcher["roleOf"]>()),
  tasks: required(callback<Dispatcher["tasks"]>()),
  runs: required(callback<Dispatcher["runs"]>()),
  propose: required(callback<Dispatcher["propose"]>()),
  begin: required(callback<Dispatcher["begin"]>()),
  owns: required(callback<Dispatcher["owns"]>()),
  view: required(callback<Dispatcher["view"]>()),
  decide: required(callback<Dispatcher["decide"]>()),
  rows: required(callback<Dispatcher["rows"]>()),
  report: required(callback<Dispatcher["report"]>()),
  all: required(callback<Dispatcher["all"]>()),
  forget: required(callback<Dispatcher["forget"]>()),
} satisfies TableOf<Dispatcher>);

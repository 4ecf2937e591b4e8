// A dispatcher over the tools that a server's owner has set up, and a journal.
import {
  asking,
  attendRuns,
  beginRun,
  candidatesOf,
  chats,
  continueRun,
  type Journal,
  type OpenTools,
  planRequest,
  type Report,
  readTask,
  type Tools,
  toHtml,
  toMarkdown,
  validate,
  viewRun,
} from "../../dispatch/index.ts";
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import type { Dispatcher, FactRows, Person } from "./dispatcher.ts";

export interface DispatcherOptions {
  readonly opened: OpenTools;
  readonly journal: Journal;
  /** Roles by people's names, "*" for everybody else. */
  readonly people: Readonly<Record<string, string>>;
  /** Task files in JSON, by name. */
  readonly tasks: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  /** Of what fails while nobody asks. */
  readonly onError?: (error: unknown) => void;
}

/** Most rows that are shown of a statement. */
const MOST_ROWS = 50;
/** Most runs of a list. */
const MOST_LISTED = 50;

export interface OpenDispatcher {
  readonly dispatcher: Dispatcher;
  /** Waits for the steps under way, and closes the tools and the journal. */
  close(): Promise<void>;
}

export function openDispatcher(options: DispatcherOptions): OpenDispatcher {
  const { opened, journal, people, tasks, signal, onError } = options;
  const { tools } = opened;
  const running = new Map<string, { ended: Promise<void>; control: AbortController }>();
  const roleOf = ({ name }: Person) => (Object.hasOwn(people, name) ? people[name] : people["*"]);
  const askerOf = (person: Person) => {
    const role = roleOf(person);
    if (role !== undefined) return { role };
    throw new BaimoError("request", "you have no role here; the server's owner gives them in the tools file");
  };
  const goOn = (run: string): void => {
    const { ended: earlier = Promise.resolve(), control = new AbortController() } = running.get(run) ?? {};
    const either = AbortSignal.any([control.signal, ...(signal ? [signal] : [])]);
    const ended = earlier
      .then(() => continueRun(journal, run, tools, { signal: either }))
      .then(
        () => undefined,
        (error) => {
          if (!either.aborted) onError?.(error);
        },
      )
      .finally(() => running.get(run)?.ended === ended && running.delete(run));
    running.set(run, { ended, control });
  };
  const owns = async (person: Person, run: string) => (await journal.find(run))?.person === person.id;
  const own = async (person: Person, run: string): Promise<string> => {
    if (await owns(person, run)) return run;
    throw new BaimoError("request", `there is no run ${run}`);
  };
  const attending = attendRuns(journal, tools, { signal }, goOn).catch((error) => onError?.(error));

  const dispatcher: Dispatcher = {
    roleOf,
    tasks: () => Object.entries(tasks).map(([name, task]) => ({ name, parameters: parametersOf(task) })),
    async runs(person) {
      const found = (await journal.runsOf(person.id, MOST_LISTED)).map(
        async ({ id, state, created, payload }) => {
          const kept = await journal.payloads.get(payload);
          const request = isRecord(kept) && typeof kept.request === "string" ? kept.request : null;
          return { id, state, created, request };
        },
      );
      return Promise.all(found);
    },
    async propose(person, wish) {
      const asker = askerOf(person);
      const { budgetFen } = wish;
      if ("task" in wish) {
        if (!Object.hasOwn(tasks, wish.task))
          throw new BaimoError("request", `there is no task ${wish.task}`);
        const { nodes, facts, report } = readTask(tasks[wish.task], wish.parameters);
        const task = { nodes, facts, report }; // its parameters are in their places
        const { order, costFen, writes } = await validate(task, tools, asker, { budgetFen });
        return { verdict: "plan", task, order: order.map(({ id }) => id), costFen, writes };
      }
      const planned = await planRequest(wish.request, {
        ask: asking(wish.model, { signal: wish.signal }),
        isBrief: !chats(wish.model),
        tools,
        catalogue: await opened.describe(asker.role),
        asker,
        today: new Date().toISOString().slice(0, 10),
        budgetFen,
      });
      if (planned.verdict === "refuse") return planned;
      if (planned.verdict === "plan") {
        const { order, costFen, writes } = planned.plan;
        return { verdict: "plan", task: planned.task, order: order.map(({ id }) => id), costFen, writes };
      }
      const { missing, lookup } = planned;
      const candidates = lookup ? await candidatesOf(lookup, tools, asker) : [];
      return { verdict: "clarify", missing, candidates };
    },
    async begin(person, { task, language, request, level, budgetFen }) {
      const { role } = askerOf(person);
      const input = { task: readTask(task), role, language, request, level, budgetFen, person: person.id };
      const run = await beginRun(journal, input, tools);
      goOn(run);
      return run;
    },
    owns,
    view: async (person, run) => viewRun(journal, await own(person, run)),
    async decide(person, run, { node, argumentsSha256, approve }) {
      askerOf(person);
      await journal.decide(await own(person, run), node, { approve, by: person.name, argumentsSha256 });
      goOn(run);
    },
    async rows(person, run, fact, evidence) {
      const asker = askerOf(person);
      return rowsOf(await reportOf(journal, await own(person, run)), { fact, evidence }, tools, asker);
    },
    async report(person, run, form) {
      const report = await reportOf(journal, await own(person, run));
      return form === "html" ? toHtml(report) : toMarkdown(report);
    },
    async *all(person) {
      for (const { id } of await journal.runsOf(person.id)) {
        yield await viewRun(journal, id).catch((error: Error) => ({ id, problem: error.message }));
      }
    },
    async forget(person) {
      const theirs = (await journal.runsOf(person.id)).flatMap(({ id }) => running.get(id) ?? []);
      for (const { control } of theirs) control.abort();
      await Promise.all(theirs.map(({ ended }) => ended));
      await journal.forget(person.id);
    },
  };
  return {
    dispatcher,
    async close() {
      await attending;
      await Promise.all(Array.from(running.values(), ({ ended }) => ended));
      await journal.close(); // of several machines: waits for runs that were taken over
      opened.close();
    },
  };
}

function parametersOf(task: unknown): Readonly<Record<string, JsonSchema>> {
  return isRecord(task) && isRecord(task.parameters) ? (task.parameters as Record<string, JsonSchema>) : {};
}

async function reportOf(journal: Journal, run: string): Promise<Report> {
  const { report } = await viewRun(journal, run);
  if (report) return report;
  throw new BaimoError("request", `run ${run} has not ended yet`);
}

/** Reads again what the evidence names, as the person's role may. */
async function rowsOf(
  { facts }: Report,
  { fact: key, evidence: at }: { readonly fact: string; readonly evidence: number },
  tools: Tools,
  asker: { readonly role: string },
): Promise<FactRows> {
  const evidence = facts.find((fact) => fact.key === key)?.evidence[at];
  const tool = tools.get("sql.query");
  if (evidence?.kind !== "sql" || !tool) {
    throw new BaimoError("request", `the fact ${key} has no statement at ${at}`);
  }
  const { node, database: db, sql, parameters, lineageSql } = evidence;
  const read = async (statement: string) => {
    const { output } = await tool.run({ node, args: { db, sql: statement, params: parameters }, asker });
    return isRecord(output) && Array.isArray(output.rows) ? output.rows : [];
  };
  const [rows, keys] = [await read(sql), lineageSql === undefined ? [] : await read(lineageSql)];
  return {
    rows: rows.slice(0, MOST_ROWS),
    count: rows.length,
    keys: keys.slice(0, MOST_ROWS),
    keyCount: keys.length,
  };
}

// Work: tasks that one may run, their plans, runs with approvals, the rows behind a figure.
import { choice, flag, plain, required, text, whole } from "../../../option-kinds.ts";
import type { Dispatcher, Person } from "../../dispatcher/dispatcher.ts";
import { badParameter, Problem } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { type AppCall, appGet, appPost, notFound } from "../app-route.ts";
import { attachment } from "../attachment.ts";
import { listOf, OBJECT } from "../schemas.ts";

const ORNULL = { type: ["string", "null"] };
const STATE = { enum: ["running", "waiting", "done", "failed"] };
const RUN = objectOf({
  run: {
    type: "object",
    required: ["id", "state", "created", "nodes", "approvals"],
    properties: {
      id: TEXT,
      state: STATE,
      created: { type: "number" },
      request: TEXT,
      nodes: listOf(OBJECT),
      approvals: listOf(OBJECT),
      report: OBJECT,
    },
  },
});
const budgetFen = whole({ min: 0, max: 1e12 });
const words = text({ most: 4000 });

/** The dispatcher of this server. @throws {Problem} 503 where there is none */
function dispatcherOf({ app }: Pick<AppCall<unknown, object>, "app">): Dispatcher {
  if (app.dispatcher) return app.dispatcher;
  throw new Problem(503, "this server runs no tasks; its owner starts it with --dispatch", {
    code: "no_tasks",
  });
}

const personOf = ({ user }: Pick<AppCall<unknown, object>, "user">): Person => ({
  id: user.id,
  name: user.name,
});

/** The dispatcher, where the run of the path is one's own. @throws {Problem} 404 for another's */
async function ownOf(call: AppCall<unknown, object>): Promise<Dispatcher> {
  const dispatcher = dispatcherOf(call);
  if (await dispatcher.owns(personOf(call), call.id)) return dispatcher;
  throw notFound("run", call.id);
}

export const workRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/work",
    summary: "What one may have done: one's role, saved tasks, one's own runs.",
    answer: objectOf({
      role: ORNULL,
      tasks: listOf(objectOf({ name: TEXT, parameters: OBJECT })),
      runs: listOf(objectOf({ id: TEXT, state: STATE, created: { type: "number" }, request: ORNULL })),
    }),
    async handle(call) {
      const dispatcher = dispatcherOf(call);
      const person = personOf(call);
      const role = dispatcher.roleOf(person) ?? null;
      return { role, tasks: dispatcher.tasks(), runs: await dispatcher.runs(person) };
    },
  }),
  appPost({
    path: "/app/v1/work/plans",
    summary: "The plan of a saved task, or of a request in words that a model plans; nothing runs.",
    body: { task: text({ most: 200 }), parameters: plain, request: words, model: text(), budgetFen },
    answer: {
      type: "object",
      required: ["verdict"],
      properties: {
        verdict: { enum: ["plan", "clarify", "refuse"] },
        task: OBJECT,
        order: listOf(TEXT),
        costFen: COUNT,
        writes: listOf(TEXT),
        missing: TEXT,
        candidates: listOf(OBJECT),
        reason: TEXT,
      },
    },
    async handle(call) {
      const { body, request, find } = call;
      const dispatcher = dispatcherOf(call);
      const person = personOf(call);
      const { task, parameters, budgetFen } = body;
      if ((task === undefined) === (body.request === undefined)) {
        throw badParameter("task", "missing_required_parameter", "give either 'task' or 'request'");
      }
      if (task !== undefined) return dispatcher.propose(person, { task, parameters, budgetFen });
      const { model } = await find(body.model);
      const { signal } = request;
      return dispatcher.propose(person, { request: String(body.request), model, signal, budgetFen });
    },
  }),
  appPost({
    path: "/app/v1/work/runs",
    summary: "Runs a task as it was planned; it is validated again, and goes on by itself.",
    body: {
      task: required(plain),
      language: required(choice("zh", "en")),
      request: words,
      model: text(),
      budgetFen,
    },
    answer: RUN,
    async handle(call) {
      const { task, language, request, model, budgetFen } = call.body;
      const level = model === undefined ? undefined : `planned by ${model}, template`;
      const order = { task, language, request, level, budgetFen };
      const [dispatcher, person] = [dispatcherOf(call), personOf(call)];
      return { run: await dispatcher.view(person, await dispatcher.begin(person, order)) };
    },
  }),
  appGet({
    path: "/app/v1/work/runs/{id}",
    summary:
      "A run of one's own as it is now: its graph, approvals that wait, evidence, its report at the end.",
    answer: RUN,
    handle: async (call) => ({ run: await (await ownOf(call)).view(personOf(call), call.id) }),
  }),
  appPost({
    path: "/app/v1/work/runs/{id}/decisions",
    summary: "Allows or refuses what a run shows, by the hash of what was shown; the run goes on.",
    body: { node: required(text()), argumentsSha256: required(text()), approve: required(flag) },
    answer: RUN,
    async handle(call) {
      const [dispatcher, person] = [await ownOf(call), personOf(call)];
      await dispatcher.decide(person, call.id, call.body);
      return { run: await dispatcher.view(person, call.id) };
    },
  }),
  appGet({
    path: "/app/v1/work/runs/{id}/rows",
    summary: "The rows behind a fact, and the keys of those that went in, read again as one's role may.",
    query: { fact: required(text()), evidence: required(text({ most: 4 })) },
    answer: objectOf({ rows: listOf(OBJECT), count: COUNT, keys: listOf(OBJECT), keyCount: COUNT }),
    async handle(call) {
      const { fact, evidence } = call.query;
      return (await ownOf(call)).rows(personOf(call), call.id, fact, Number(evidence));
    },
  }),
  appGet({
    path: "/app/v1/work/runs/{id}/report",
    summary: "A run's report with its evidence, as a file.",
    query: { format: choice("html", "markdown") },
    answer: TEXT,
    type: "text/html",
    async handle(call) {
      const { format = "html" } = call.query;
      const report = await (await ownOf(call)).report(personOf(call), call.id, format);
      const type = format === "html" ? "text/html" : "text/markdown";
      return attachment(report, { name: `report.${format === "html" ? "html" : "md"}`, type });
    },
  }),
];

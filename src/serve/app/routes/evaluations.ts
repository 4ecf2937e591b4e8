// Evaluations: one's own runs, how far they are, the board, documents, two runs compared.
import { BaimoError } from "../../../errors.ts";
import { required, text, whole } from "../../../option-kinds.ts";
import { newId } from "../../../store/ids.ts";
import { modelHere } from "../../models/here.ts";
import { modelId } from "../../models/recipe.ts";
import { badParameter, Problem } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { appGet, appPost, appRemove, notFound } from "../app-route.ts";
import type { Application } from "../application.ts";
import { wholeText } from "../query.ts";
import { FLAG, listOf, OBJECT } from "../schemas.ts";

const RUN = objectOf({
  id: TEXT,
  model: TEXT,
  task: TEXT,
  tasks: listOf(TEXT),
  limit: { type: ["integer", "null"] },
  state: { enum: ["running", "done", "stopped", "failed"] },
  done: COUNT,
  total: COUNT,
  problem: { type: ["string", "null"] },
  created: { type: "number" },
});
const ID = text({ least: 8, most: 64 });
/** Documents of one page. */
const PAGE = 20;

/** The runs of a server. @throws {Problem} 503 where it keeps none */
function runsOf({ evaluations }: Application): NonNullable<Application["evaluations"]> {
  if (evaluations) return evaluations;
  throw new Problem(503, "this server keeps no evaluations", { code: "no_evaluations" });
}

/** What a run says of a wrong request is the client's to know. */
async function told<T>(param: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BaimoError && error.code === "request")
      throw badParameter(param, "invalid_value", error.message);
    throw error;
  }
}

export const evaluationRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/evaluations",
    summary: "One's runs, the latest first, and the tasks that can be run.",
    answer: objectOf({ runs: listOf(RUN), suites: listOf(objectOf({ name: TEXT, kind: TEXT })) }),
    handle: async ({ app, user }) => ({
      runs: runsOf(app).list(user.id),
      suites: await runsOf(app).suites(),
    }),
  }),
  appPost({
    path: "/app/v1/evaluations",
    summary: "Begins a run of a task or group on a model that runs here; it goes on by itself.",
    body: {
      model: required(modelId),
      task: required(text({ most: 256 })),
      limit: whole({ min: 1, max: 1_000_000 }),
    },
    answer: RUN,
    async handle({ app, user, find, body: { model, task, limit } }) {
      const runs = runsOf(app);
      const lease = await find(model);
      const here = modelHere(lease, "evaluations");
      const release = lease.hold();
      try {
        return await told("task", () => runs.start(user.id, here, { id: newId(), task, limit }, release));
      } catch (error) {
        release();
        throw error;
      }
    },
  }),
  appRemove({
    path: "/app/v1/evaluations/{id}",
    summary: "Stops a run that is under way; removes one that has ended.",
    answer: objectOf({ removed: FLAG }),
    handle({ app, user, id }) {
      if (runsOf(app).stop(user.id, id)) return { removed: true };
      throw notFound("run", id);
    },
  }),
  appGet({
    path: "/app/v1/evaluations/board",
    summary: "One's finished runs side by side: scores, intervals of 95%, ranks that noise allows.",
    answer: objectOf({ models: listOf(TEXT), rows: listOf(OBJECT) }),
    handle: ({ app, user }) => runsOf(app).board(user.id),
  }),
  appGet({
    path: "/app/v1/evaluations/documents",
    summary: "Documents of a run's task: what was asked, answered, wanted, and the scores.",
    query: { run: required(ID), task: required(text({ most: 256 })), from: wholeText(0, 1_000_000_000) },
    answer: objectOf({ total: COUNT, documents: listOf(OBJECT) }),
    handle: ({ app, user, query: { run, task, from = 0 } }) =>
      told("run", () => runsOf(app).documents(user.id, run, task, from, PAGE)),
  }),
  appGet({
    path: "/app/v1/evaluations/comparison",
    summary: "Two of one's runs compared, document by document, and why they differ.",
    query: { a: required(ID), b: required(ID) },
    answer: objectOf({
      a: TEXT,
      b: TEXT,
      tasks: listOf(OBJECT),
      settings: listOf(OBJECT),
      missing: listOf(TEXT),
    }),
    handle: ({ app, user, query: { a, b } }) => told("a", () => runsOf(app).compare(user.id, a, b)),
  }),
];

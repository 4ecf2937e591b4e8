// Trainings: the runs of the folder that the server was given, as their logs tell them.

import { required, text } from "../../../option-kinds.ts";
import type { LoggedRuns } from "../../../train/run/read-runs.ts";
import { Problem } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { appGet, notFound } from "../app-route.ts";
import type { Application } from "../application.ts";
import { listOf, OBJECT } from "../schemas.ts";

const NUMBER = { type: ["number", "null"] };
const RUN = objectOf({
  name: TEXT,
  stage: TEXT,
  model: TEXT,
  steps: COUNT,
  done: COUNT,
  loss: NUMBER,
  heldOut: NUMBER,
  tokensPerSecond: NUMBER,
});

/** @throws {Problem} 503 where the server was given no folder */
function runsOf({ trainings }: Application): LoggedRuns {
  if (trainings !== undefined) return trainings;
  throw new Problem(503, "this server was given no trainings (--trainings)", { code: "no_trainings" });
}

export const trainingRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/trainings",
    summary: "The runs of training, and where each stands.",
    answer: objectOf({ runs: listOf(RUN) }),
    handle: ({ app }) => ({ runs: runsOf(app).list() }),
  }),
  appGet({
    path: "/app/v1/trainings/curves",
    summary: "A run's curves by step, at most 500 points each, and its last samples.",
    query: { run: required(text({ most: 255 })) },
    answer: objectOf({ series: OBJECT, samples: listOf(OBJECT) }),
    handle({ app, query: { run } }) {
      const runs = runsOf(app);
      if (!runs.has(run)) throw notFound("run", run);
      return runs.curves(run);
    },
  }),
];

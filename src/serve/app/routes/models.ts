// The models of the server: what is known of each, how it stands, load and unload.
import { required } from "../../../option-kinds.ts";
import type { ModelFacts } from "../../models/models.ts";
import { modelId } from "../../models/recipe.ts";
import type { Route } from "../../route.ts";
import { stateSchema } from "../../routes/models.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { appGet, appPost } from "../app-route.ts";
import { FLAG, listOf } from "../schemas.ts";

const body = { model: required(modelId) };
const state = objectOf({ state: stateSchema });
const countOrNull = { type: ["integer", "null"] };

/** What a page shows of a model. */
const shown = ({ id, state, about, bytes, adapters, leavesAt, managed, problem }: ModelFacts) => ({
  id,
  state,
  /** At an endpoint: what is said to it leaves this machine. */
  elsewhere: about !== undefined && about.config === undefined,
  architecture: about?.config?.architecture ?? null,
  contextLength: about?.contextLength ?? null,
  weightBytes: about?.weightBytes ?? null,
  bytes,
  adapters,
  leavesAt: leavesAt ?? null,
  managed,
  problem: problem ?? null,
});

export const modelRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/models",
    summary: "The models of this server, how each stands, and the memory for them.",
    answer: objectOf({
      models: listOf(
        objectOf({
          id: TEXT,
          state: stateSchema,
          elsewhere: FLAG,
          architecture: { type: ["string", "null"] },
          contextLength: countOrNull,
          weightBytes: countOrNull,
          bytes: COUNT,
          adapters: listOf(TEXT),
          leavesAt: { type: ["number", "null"] },
          managed: FLAG,
          problem: { type: ["string", "null"] },
        }),
      ),
      memory: objectOf({ used: COUNT, limit: countOrNull }),
    }),
    async handle({ server: { models } }) {
      const memory = { used: models.usedBytes, limit: models.memoryBytes ?? null };
      return { models: (await models.list()).map(shown), memory };
    },
  }),
  appPost({
    path: "/app/v1/models/load",
    summary: "Begins to load a model, for administrators; its state says how that goes.",
    admin: true,
    body,
    answer: state,
    async handle({ server: { models }, body: { model } }) {
      models.start(model);
      return { state: (await models.facts(model)).state };
    },
  }),
  appPost({
    path: "/app/v1/models/unload",
    summary: "Has a model go when its requests have ended, for administrators.",
    admin: true,
    body,
    answer: state,
    async handle({ server: { models }, body: { model } }) {
      models.unload(model);
      return { state: (await models.facts(model)).state };
    },
  }),
];

// Models that are not served yet, for administrators: what is on the machine, and downloads.
import { kindOf, required } from "../../../option-kinds.ts";
import { Problem } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { appGet, appPost, appRemove, notFound } from "../app-route.ts";
import type { Application } from "../application.ts";
import { takeOn } from "../downloads.ts";
import { listOf, nothing } from "../schemas.ts";

/** A model of the Hub. */
const source = kindOf(
  "text",
  "a model of the Hub, as hf:owner/name, hf:owner/name:Q4_K_M or either with @revision",
  (value) => typeof value === "string",
  (value) => value.length <= 512 && /^hf:[\w.-]+\/[\w.-]+(:[\w.-]+)?(@[\w./-]+)?$/.test(value),
  { type: "string", maxLength: 512 },
);

const download = objectOf({
  id: TEXT,
  source: TEXT,
  state: { enum: ["running", "done", "stopped", "failed"] },
  file: TEXT,
  done: COUNT,
  total: COUNT,
  problem: { type: ["string", "null"] },
});

/** @throws {Problem} 404 where the server takes on no more models */
function libraryOf({ library, downloads }: Application) {
  if (library && downloads) return { library, downloads };
  throw new Problem(404, "this server takes on no more models; start it by baimo serve", {
    code: "no_library",
  });
}

export const libraryRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/library",
    summary: "Models on the server's machine, and downloads, for administrators.",
    admin: true,
    answer: objectOf({
      models: listOf(objectOf({ source: TEXT, bytes: COUNT })),
      downloads: listOf(download),
    }),
    async handle({ app }) {
      const { library, downloads } = libraryOf(app);
      return { models: await library.list(), downloads: downloads.list() };
    },
  }),
  appPost({
    path: "/app/v1/library/serve",
    summary: "Has the server answer with a model on its machine, for administrators.",
    admin: true,
    body: { source: required(source) },
    answer: objectOf({ model: TEXT }),
    async handle({ app, server: { models }, body }) {
      return { model: await takeOn(models, libraryOf(app).library, body.source) };
    },
  }),
  appPost({
    path: "/app/v1/downloads",
    summary:
      "Downloads a model of the Hub, or goes on with that, for administrators; then the server answers with it.",
    admin: true,
    body: { source: required(source) },
    answer: objectOf({ download }),
    handle: ({ app, body }) => ({ download: libraryOf(app).downloads.start(body.source) }),
  }),
  appRemove({
    path: "/app/v1/downloads/{id}",
    summary:
      "Stops a download, whose bytes stay for the next try, or forgets one that has ended, for administrators.",
    admin: true,
    answer: nothing,
    handle({ app, id }) {
      if (!libraryOf(app).downloads.stop(id)) throw notFound("download", id);
      return { deleted: true };
    },
  }),
];

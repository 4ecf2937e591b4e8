// Models that are not served yet, for administrators: what is on the machine, and downloads.
import { kindOf, required } from "../../../option-kinds.ts";
import { Problem } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { COUNT, objectOf, TEXT } from "../../schema-parts.ts";
import { appGet, appPost, appRemove, notFound } from "../app-route.ts";
import type { Application } from "../application.ts";
import { takeOn } from "../downloads.ts";
import { FLAG, listOf, nothing } from "../schemas.ts";

const forms = /^(hf:[\w.-]+\/[\w.-]+(:[\w.-]+)?(@[\w./-]+)?|https?:\/\/\S+|file:[^/\\]+)$/;
/** A model of the Hub; a library may know of no others. */
const source = kindOf(
  "text",
  "a model of the Hub, as hf:owner/name, hf:owner/name:Q4_K_M or either with @revision; in a tab also an address or file:name",
  (value) => typeof value === "string",
  (value) => value.length <= 2048 && forms.test(value),
  { type: "string", maxLength: 2048 },
);

const download = objectOf({
  id: TEXT,
  source: TEXT,
  model: { type: ["string", "null"] },
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
      models: listOf(objectOf({ source: TEXT, model: TEXT, bytes: COUNT })),
      downloads: listOf(download),
      removes: FLAG,
    }),
    async handle({ app }) {
      const { library, downloads } = libraryOf(app);
      return {
        models: await library.list(),
        downloads: await downloads.list(),
        removes: library.remove !== undefined,
      };
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
    path: "/app/v1/library/remove",
    summary: "Deletes a model from the server's machine, where it may, for administrators.",
    admin: true,
    body: { source: required(source) },
    answer: nothing,
    async handle({ app, server: { models }, body: { source } }) {
      const { library } = libraryOf(app);
      const found = (await library.list()).find((each) => each.source === source);
      if (!found || !library.remove) throw notFound("model", source);
      await models.remove(found.model);
      await library.remove(source);
      return { deleted: true };
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
    async handle({ app, id }) {
      if (!(await libraryOf(app).downloads.stop(id))) throw notFound("download", id);
      return { deleted: true };
    },
  }),
];

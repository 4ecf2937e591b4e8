// Routes of the application: asked by a known user, from this server's own page.
import type { JsonSchema } from "../../json.ts";
import type { OptionsOf, Table } from "../../options.ts";
import { readOptions } from "../../options.ts";
import type { StoredUser } from "../../store/users.ts";
import { Problem } from "../problem.ts";
import { asClient } from "../requests/fields.ts";
import { type Call, get, post, type Route, remove } from "../route.ts";
import { checkOrigin, knownUser } from "./access.ts";
import { type Application, present } from "./application.ts";

/** A call of somebody who may make it. */
export interface AppCall<Body = undefined, Query = Record<never, never>> extends Call<Body> {
  readonly app: Application;
  readonly user: StoredUser;
  readonly query: Query;
}

type Answer = object | Response;

interface AppRoute<Body, Query extends Table> {
  readonly path: string;
  readonly summary: string;
  /** Of the JSON that it answers with; or by content type. */
  readonly answer: JsonSchema;
  readonly type?: string;
  readonly query?: Query;
  readonly admin?: boolean;
  /** Its body has passwords. */
  readonly secret?: boolean;
  handle(call: AppCall<Body, OptionsOf<Query>>): Answer | Promise<Answer>;
}

/** Reads nothing but its address. */
export const appGet = <Q extends Table = Record<never, never>>(route: AppRoute<undefined, Q>): Route =>
  get({ ...commonOf(route), handle: (call) => run(route, call, undefined) });

/** Takes away what its path names. */
export const appRemove = (route: AppRoute<undefined, Record<never, never>>): Route =>
  remove({ ...commonOf(route), handle: (call) => run(route, call, undefined) });

/** Reads a JSON object. */
export const appPost = <T extends Table>({
  body,
  bounds,
  ...route
}: AppRoute<OptionsOf<T>, Record<never, never>> & {
  readonly body: T;
  readonly bounds?: Route["bounds"];
}): Route => post({ ...commonOf(route), body, bounds, handle: (call) => run(route, call, call.body) });

const commonOf = <B, Q extends Table>({ path, summary, answer, type, query, secret }: AppRoute<B, Q>) => ({
  path,
  secret,
  scope: "none" as const, // who may ask is the application's to know
  summary,
  query,
  answers: { [type ?? "application/json"]: answer },
});

async function run<B, Q extends Table>(route: AppRoute<B, Q>, call: Call, body: B): Promise<Response> {
  const { request } = call;
  const app = present(call.application);
  checkOrigin(request);
  const user = await knownUser(request, app);
  if (route.admin && user.role !== "admin") throw notAllowed();
  const given = Object.fromEntries(new URL(request.url).searchParams);
  const query = readOptions(given, route.query ?? ({} as Q), asClient);
  const answer = await route.handle({ ...call, body, app, user, query });
  if (answer instanceof Response) return answer;
  return Response.json(answer, { headers: { "cache-control": "no-store" } });
}

/** What somebody is told who is no administrator. */
export const notAllowed = () =>
  new Problem(403, "this is for administrators; ask one", { code: "not_allowed" });

/** What there is not, or is another's: nobody can tell which. */
export const notFound = (what: string, id: string) =>
  new Problem(404, `there is no ${what} ${JSON.stringify(id.slice(0, 100))}`, { code: "not_found" });

/** What a client is told whose new id stands for something else, its own or another's: nobody can tell which. */
export const idTaken = (id: string) =>
  new Problem(409, `the id ${JSON.stringify(id)} is taken; make another`, { param: "id", code: "id_taken" });

// What a route is: a method and a path, what it reads and answers, and who answers.
import type { JsonSchema } from "../json.ts";
import type { OptionsOf, Table } from "../options.ts";
import type { MaybeApplication } from "./app/application.ts";
import type { BodyBounds } from "./body.ts";
import type { Dialect } from "./dialect.ts";
import type { Scope } from "./keys/api-key.ts";
import type { Visit } from "./keys/guard.ts";
import type { Lease } from "./models/models.ts";
import type { Server } from "./server.ts";

/** A request that has come to its route. */
export interface Call<Body = unknown> {
  readonly request: Request;
  /** Read by the route's table. */
  readonly body: Body;
  /** What stands in the path for `{id}`. */
  readonly id: string;
  readonly visit: Visit;
  readonly server: Server;
  /** Where conversations are kept. */
  readonly application: MaybeApplication;
  /** The model that a request names, loaded, and kept so until the call has an answer: `Server.begin` keeps it longer. */
  find(name: string | undefined): Promise<Lease>;
  /** Takes names of fields that turn out to change no answer of this model. */
  readonly ignored: string[];
}

/** An entry of the table: routing, the checks of bodies and the OpenAPI document come from it. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** As OpenAPI writes it: "/v1/models/{id}". */
  readonly path: string;
  readonly summary: string;
  /** What may stand after the path's question mark. */
  readonly query?: Table;
  /** What a key must be for, where the server has keys. Default: "admin". */
  readonly scope?: Scope | "none";
  /** The fields of the body, where there is one. */
  readonly body?: Table;
  /** Whether its body is never written down, since passwords are in it. */
  readonly secret?: boolean;
  /** Of a body that may be larger than others. */
  readonly bounds?: BodyBounds;
  /** What it answers, by content type; of a stream, what each event is. */
  readonly answers: Readonly<Record<string, JsonSchema>>;
  /** Statuses that come with these answers. Default: 200. */
  readonly statuses?: readonly number[];
  /** How errors and streams are written. Default: as OpenAI's. */
  readonly dialect?: Dialect;
  handle(call: Call): Response | Promise<Response>;
}

/** A route that reads nothing but its path. */
export const get = (route: Omit<Route, "method" | "body">): Route => ({ method: "GET", ...route });

/** A route that takes away what its path names. */
export const remove = (route: Omit<Route, "method" | "body">): Route => ({ method: "DELETE", ...route });

/** A route that reads a JSON object. */
export function post<T extends Table>(
  route: Omit<Route, "method" | "body" | "handle"> & {
    readonly body: T;
    handle(call: Call<OptionsOf<T>>): Response | Promise<Response>;
  },
): Route {
  const { handle } = route;
  // The body was read by this very table.
  return { ...route, method: "POST", handle: (call) => handle(call as Call<OptionsOf<T>>) };
}

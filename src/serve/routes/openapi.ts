// GET /openapi.json: the OpenAPI 3.1 document of the table of routes.
import type { JsonSchema } from "../../json.ts";
import { schemaOf } from "../../option-kinds.ts";
import type { Kind } from "../../options.ts";
import { type Dialect, OPEN_AI } from "../dialect.ts";
import { get, type Route } from "../route.ts";

/** The route that tells of the others, and of itself. */
export function openApi(others: readonly Route[]): Route {
  const own = get({
    path: "/openapi.json",
    scope: "none",
    summary: "This document.",
    answers: {
      "application/json": {
        type: "object",
        properties: { openapi: { const: "3.1.0" }, paths: { type: "object" } },
        required: ["openapi", "info", "paths"],
      },
    },
    handle: () => Response.json(documentOf([...others, own])),
  });
  return own;
}

function documentOf(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  const dialects = new Set(routes.map(({ dialect = OPEN_AI }) => dialect));
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: "3.1.0",
    info: { title: "baimo", version: "1", description: "OpenAI's interface to open models." },
    paths,
    components: { schemas: problemsOf(dialects) },
  };
}

function operationOf(route: Route): object {
  const { summary, path, query = {}, body, answers, statuses = [200], dialect = OPEN_AI } = route;
  const parameters = [...(path.includes("{id}") ? [ID] : []), ...Object.entries(query).map(inQuery)];
  const content = contentOf(answers);
  const described = (status: number) =>
    status === 200 ? "The answer." : "The same, of a server that is not well.";
  const problem = contentOf({ "application/json": { $ref: `#/components/schemas/${dialect.problemName}` } });
  return {
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: true, content: contentOf({ "application/json": schemaOf(body) }) } }
      : {}),
    responses: {
      ...Object.fromEntries(statuses.map((status) => [status, { description: described(status), content }])),
      default: { description: "What went wrong, and which parameter is at fault.", content: problem },
    },
  };
}

const problemsOf = (dialects: ReadonlySet<Dialect>) =>
  Object.fromEntries(Array.from(dialects, ({ problemName, problemSchema }) => [problemName, problemSchema]));

const ID = {
  name: "id",
  in: "path",
  required: true,
  schema: { type: "string", minLength: 1 },
  description: "May hold slashes.",
};

const inQuery = ([name, { allowed, schema }]: [string, Kind<unknown>]) => ({
  name,
  in: "query",
  required: false,
  schema,
  description: allowed,
});

/** Of an event stream the schema is that of each event's data, until `[DONE]`. */
function contentOf(schemas: Readonly<Record<string, JsonSchema>>): object {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]));
}

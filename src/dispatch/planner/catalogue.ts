// What a role's plans may use: tables, models, operations of third parties, statements that write.

import type { JsonSchema } from "../../json.ts";
import type { NamedLicence } from "../../licences/find-names.ts";
import type { Operation } from "../http/operations.ts";
import type { Table } from "../sql/describe.ts";

/** A tool of an MCP server: what it takes, as the server says, and what it gives, as the tools file says. */
export interface RemoteTool {
  readonly server: string;
  readonly tool: string;
  readonly input: JsonSchema;
  readonly answer: JsonSchema;
}

export interface Catalogue {
  readonly databases: readonly { readonly name: string; readonly tables: readonly Table[] }[];
  readonly predictors: readonly {
    readonly name: string;
    readonly input: "features" | "text";
    readonly features: readonly string[];
    readonly outputs: readonly string[];
  }[];
  readonly forecasters: readonly string[];
  readonly operations: readonly { readonly service: string; readonly operation: Operation }[];
  /** Of MCP servers, those that are listed and offered. */
  readonly remoteTools: readonly RemoteTool[];
  readonly writes: readonly { readonly db: string; readonly sql: string; readonly parameters: number }[];
  /** What models and licences are called, where licences and costs can be asked for. */
  readonly licences?: readonly NamedLicence[];
}

/** In words, for a model. */
export function inWords({
  databases,
  predictors,
  forecasters,
  operations,
  remoteTools,
  writes,
  licences,
}: Catalogue): string {
  const lines = databases.flatMap(({ name, tables }) =>
    tables.map(({ name: table, columns }) => {
      const list = columns.map(({ name: column, values }) =>
        values.length > 0 ? `${column} (${values.join("|")})` : column,
      );
      return `query ${name}.${table}: ${list.join(", ")}`;
    }),
  );
  for (const { name, features, outputs } of predictors)
    lines.push(`predict ${name}: from ${features.join(", ")}; gives ${outputs.join(", ")}`);
  for (const name of forecasters) lines.push(`forecast ${name}: goes on with a series`);
  for (const { service, operation } of operations) {
    lines.push(
      `call ${service}.${operation.operationId}: ${operation.parameters.map(({ name }) => name).join(", ")}; costs ${operation.costFen} fen`,
    );
  }
  for (const { server, tool, input } of remoteTools)
    lines.push(`call ${server}.${tool}: ${Object.keys(input.properties ?? {}).join(", ")}`);
  for (const { db, sql } of writes) lines.push(`write ${db}: ${sql} (waits for an approval)`);
  if (licences) {
    lines.push("may: whether licences permit what the request asks, with the clauses");
    lines.push(
      "should a model do it: people against a model, with a verdict, from what the request and the data say",
    );
  }
  return lines.join("\n");
}

/** Names alone, for a model that knows the steps. */
export function inBrief({
  databases,
  predictors,
  forecasters,
  operations,
  remoteTools,
  writes,
}: Catalogue): string {
  const lines = databases.map(
    ({ name, tables }) => `${name}: ${tables.map((table) => table.name).join(", ")}`,
  );
  const add = (what: string, names: readonly string[]) => {
    if (names.length > 0) lines.push(`${what}: ${names.join(", ")}`);
  };
  add(
    "predict",
    predictors.map(({ name }) => name),
  );
  add("forecast", forecasters);
  add("call", [
    ...operations.map(({ service, operation }) => `${service}.${operation.operationId}`),
    ...remoteTools.map(({ server, tool }) => `${server}.${tool}`),
  ]);
  for (const { db, sql } of writes) lines.push(`write ${db}: ${sql}`);
  return lines.join("\n");
}

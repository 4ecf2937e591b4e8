// Opens the tools of a dispatch: databases, models and services that are there.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseJson, recordOf } from "../json.ts";
import { licenceNames } from "../licences/catalogue-names.ts";
import { Connections } from "../upstream/tool-connections.ts";
import type { Tools } from "./graph/validate.ts";
import { readOperations } from "./http/operations.ts";
import { type Send, sendTo } from "./http/send.ts";
import { type Model, readModel } from "./models/read-model.ts";
import type { Catalogue } from "./planner/catalogue.ts";
import { Reader } from "./sql/reader.ts";
import { readWriteForm } from "./sql/write-form.ts";
import { calc } from "./tools/calc.ts";
import { dbWrite } from "./tools/db-write.ts";
import { type Grounds, may, plan } from "./tools/decisions.ts";
import { type HttpLimits, httpCall, type Service } from "./tools/http-call.ts";
import { type McpSource, mcpCall, remoteTools } from "./tools/mcp-call.ts";
import { forecast, modelPredict } from "./tools/models.ts";
import { type DatabaseSource, SQL_LIMITS, type SqlLimits, sqlQuery } from "./tools/sql-query.ts";
import { statsDescribe, statsQueue, statsTest } from "./tools/statistics.ts";

/** Where a service's document is, who may call it, and how requests are sent. */
export interface ServiceSource {
  /** The path of its OpenAPI document. */
  readonly openapi: string;
  readonly roles: readonly string[];
  /** Its address, or what sends. */
  readonly send: string | Send;
}

/** A database, and the statements that may write it after an approval. */
export interface DatabaseEntry extends DatabaseSource {
  readonly writes?: readonly string[];
}

export interface ToolSources {
  readonly databases?: Readonly<Record<string, DatabaseEntry>>;
  /** The path of each model's JSON. */
  readonly models?: Readonly<Record<string, string>>;
  readonly services?: Readonly<Record<string, ServiceSource>>;
  /** Servers of tools by the Model Context Protocol. */
  readonly mcp?: Readonly<Record<string, McpSource>>;
  /** Where licences and costs are read from; without it neither can be asked for. */
  readonly grounds?: () => Grounds;
  readonly sqlLimits?: SqlLimits;
  readonly httpLimits?: HttpLimits;
}

/** Tools by name; `close` ends what they hold. */
export interface OpenTools {
  readonly tools: Tools;
  /** What plans of a role may use. */
  describe(role: string): Promise<Catalogue>;
  close(): void;
}

/** @throws {BaimoError} `format` for a model or a document that is not one */
export async function openTools(sources: ToolSources): Promise<OpenTools> {
  const models = new Map<string, Model>();
  for (const [name, path] of Object.entries(sources.models ?? {})) {
    models.set(name, await readModel(path));
  }
  const services = new Map<string, Service>();
  for (const [name, source] of Object.entries(sources.services ?? {})) {
    services.set(name, await openService(source));
  }
  const databases = new Map(
    Object.entries(sources.databases ?? {}).map(([name, { path, roles, rights, writes = [] }]) => [
      name,
      { path: resolve(path), roles, rights, writes: writes.map((sql) => readWriteForm(sql, name)) },
    ]),
  );
  const writable = new Map([...databases].filter(([, { writes }]) => writes.length > 0));
  const grounds = sources.grounds && once(sources.grounds);
  const servers = new Map(Object.entries(sources.mcp ?? {}));
  const connections = new Connections();
  const reader = new Reader();
  const tools = [
    sqlQuery(databases, reader, sources.sqlLimits),
    modelPredict(models),
    forecast(models),
    statsDescribe,
    statsTest,
    statsQueue,
    calc,
    httpCall(services, sources.httpLimits),
    ...(servers.size > 0 ? [mcpCall(servers, connections)] : []),
    ...(grounds ? [plan(grounds), may(grounds)] : []),
    ...(writable.size > 0 ? [dbWrite(writable, reader, sources.sqlLimits ?? SQL_LIMITS)] : []),
  ];
  const describe = async (role: string): Promise<Catalogue> => {
    const mine = [...databases].filter(([, { roles }]) => roles.includes(role));
    const ms = sources.sqlLimits?.ms ?? SQL_LIMITS.ms;
    const described = mine.map(async ([name, { path, rights }]) => {
      const tables = await reader.describe(path, ms);
      return { name, tables: tables.filter((table) => rights?.tables?.includes(table.name) ?? true) };
    });
    const all = [...models].map(([name, model]) => Object.assign({ name }, model));
    return {
      databases: await Promise.all(described),
      predictors: all.flatMap((model) => (model.task === "predict" ? [model] : [])),
      forecasters: all.flatMap((model) => (model.task === "forecast" ? [model.name] : [])),
      operations: [...services].flatMap(([service, { operations, roles }]) =>
        roles.includes(role) ? [...operations.values()].map((operation) => ({ service, operation })) : [],
      ),
      remoteTools: await remoteTools(servers, connections, role),
      writes: mine.flatMap(([db, { writes }]) =>
        writes.map(({ sql, parameters }) => ({ db, sql, parameters })),
      ),
      licences: grounds && licenceNames(grounds().catalogue),
    };
  };
  const close = () => {
    reader.close();
    void connections.closeAll();
  };
  return { tools: new Map(tools.map((tool) => [tool.name, tool])), describe, close };
}

async function openService({ openapi, roles, send }: ServiceSource): Promise<Service> {
  const document = recordOf(parseJson(await readFile(openapi), openapi), openapi);
  const operations = readOperations(document, openapi);
  return { document, operations, send: typeof send === "string" ? sendTo(send) : send, roles };
}

/** Reads at the first call, and keeps what it has read. */
function once<T>(read: () => T): () => T {
  let kept: { readonly value: T } | undefined;
  return () => {
    kept ??= { value: read() };
    return kept.value;
  };
}

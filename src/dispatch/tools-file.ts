// A file of tools: roles, and where databases, models and services are.
import { dirname, resolve } from "node:path";
import { BaimoError } from "../errors.ts";
import { isPostgres } from "../machines/postgres-tables.ts";
import { fields, list, plain, record, required, text, whole } from "../option-kinds.ts";
import { type Door, readOptions } from "../options.ts";
import type { ToolSources } from "./open-tools.ts";

const database = fields({
  path: required(text()),
  tables: list(text()),
  functions: list(text()),
  writes: list(text()),
});
const service = fields({ openapi: required(text()), address: required(text()) });

/** `tools`: what each gives, as a JSON Schema; those alone are called. */
const server = fields({ command: text(), address: text(), tools: required(record(plain)) });

/** What a tools file says. */
export interface ToolsFile extends ToolSources {
  /** Roles by people's names. */
  readonly people: Readonly<Record<string, string>>;
  /** The path of each task. */
  readonly tasks: Readonly<Record<string, string>>;
  /** Where runs are kept: a folder, or a database of Postgres. */
  readonly journal?: string;
}

const table = {
  /** Databases and services that each role may use. */
  roles: required(record(list(text()))),
  databases: record(database),
  models: record(text()),
  services: record(service),
  mcp: record(server),
  /** For a server: the role of each person by name, "*" for everybody else; and tasks that they may run. */
  people: record(text()),
  tasks: record(text()),
  journal: text(),
  sqlLimits: fields({
    rows: required(whole({ min: 1, max: 1_000_000 })),
    ms: required(whole({ min: 1, max: 3_600_000 })),
  }),
  httpLimits: fields({ ms: required(whole({ min: 1, max: 3_600_000 })) }),
};

/**
 * What the file names, its paths seen from the folder that it is in.
 *
 * @throws {BaimoError} `format` for what is not known or missing
 */
export function readToolsFile(value: unknown, path: string): ToolsFile {
  const door: Door = {
    refuse: ({ name, text }) => new BaimoError("format", `${path}: ${name} ${text}`),
  };
  const {
    roles,
    databases = {},
    models = {},
    services = {},
    mcp = {},
    people = {},
    tasks = {},
    journal,
    sqlLimits,
    httpLimits,
  } = readOptions(value, table, door);
  const used = new Set([...Object.keys(databases), ...Object.keys(services), ...Object.keys(mcp)]);
  const unknown = Object.values(roles)
    .flat()
    .find((name) => !used.has(name));
  if (unknown !== undefined) {
    throw new BaimoError(
      "format",
      `${path}: roles name ${unknown}, which is no database, service or MCP server`,
    );
  }
  const stranger = Object.values(people).find((role) => !Object.hasOwn(roles, role));
  if (stranger !== undefined) {
    throw new BaimoError(
      "format",
      `${path}: people have the role ${stranger}; known: ${Object.keys(roles).join(", ")}`,
    );
  }
  const mayUse = (name: string) => Object.keys(roles).filter((role) => roles[role].includes(name));
  const place = (file: string) => resolve(dirname(path), file);
  const each = <T, U>(items: Record<string, T>, make: (item: T, name: string) => U): Record<string, U> =>
    Object.fromEntries(Object.entries(items).map(([name, item]) => [name, make(item, name)]));
  return {
    databases: each(databases, ({ path: file, tables, functions, writes }, name) => ({
      path: place(file),
      roles: mayUse(name),
      rights: { tables, functions },
      writes,
    })),
    models: each(models, place),
    services: each(services, ({ openapi, address }, name) => ({
      openapi: place(openapi),
      send: address,
      roles: mayUse(name),
    })),
    mcp: each(mcp, ({ command, address, tools }, name) => {
      const target = command ?? address;
      if (target === undefined || (command !== undefined && address !== undefined))
        throw new BaimoError("format", `${path}: mcp.${name} must have either command or address`);
      const kind = command === undefined ? "address" : "command";
      return { server: { kind, target } as const, roles: mayUse(name), tools };
    }),
    sqlLimits,
    httpLimits,
    people,
    tasks: each(tasks, place),
    journal: journal === undefined || isPostgres(journal) ? journal : place(journal),
  };
}

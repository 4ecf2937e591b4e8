// The fixtures' world, opened: databases, models, the partner by its stored answers, requests.
import { readFileSync } from "node:fs";
import { loadCatalogue, loadTerms } from "../src/cli/load-catalogue.ts";
import { type OpenTools, openTools, type Send } from "../src/dispatch/index.ts";
import { isName } from "../src/dispatch/report/names.ts";
import { openAny } from "../src/store/open-database.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

export const at = (...parts: string[]) => beside("dispatch", ...parts);
export const skip = unlessBeside("dispatch", "requests.jsonl");
const driver = await openAny(":memory:").catch((error: Error) => error);
/** Why nothing that reads a database can run, where it cannot. */
export const skipSql = skip || (driver instanceof Error ? driver.message : false);
if (!(driver instanceof Error)) driver.close();

export const databases = ["trade", "bank", "hospital"];
export const predictors = ["credit-scorecard", "credit-logit", "no-show", "elasticity", "feedback-tone"];
export const forecasters = ["sales-ets", "deposit-arima"];

/** The partner, by the fixtures' answers. */
export const partner: Send = async ({ operationId, path, body }) => {
  const answers = readJson(at("partner-answers.json"));
  if (operationId === "getBureau") return found(answers.getBureau[path.split("/").at(-1) ?? ""]);
  if (operationId === "getRate")
    return found(answers.getRate[new URLSearchParams(path.split("?")[1]).get("quote") ?? ""]);
  const { weightGrams, region } = body as { weightGrams: number; region: string };
  const first = { East: 900, South: 1100, North: 1200, Southwest: 1400, Overseas: 6800 }[region] ?? 0;
  const more = Math.max(0, Math.ceil(weightGrams / 1000) - 1);
  const days = region === "Overseas" ? 9 : region === "East" ? 2 : 3;
  return found({ currency: "CNY", amountFen: first + Math.floor((more * first) / 6), days });
};
const found = (body: unknown) => (body === undefined ? { status: 404 } : { status: 200, body });

export const open = (send: Send, ms = 10_000): Promise<OpenTools> => {
  const { roles } = readJson(at("tools.json")) as { roles: Record<string, string[]> };
  const mayRead = (name: string) => Object.keys(roles).filter((role) => roles[role].includes(name));
  return openTools({
    databases: Object.fromEntries(
      databases.map((name) => [name, { path: at("world", `${name}.db`), roles: mayRead(name) }]),
    ),
    models: Object.fromEntries(
      [...predictors, ...forecasters].map((name) => [name, at("models", `${name}.json`)]),
    ),
    services: { partner: { openapi: at("partner.openapi.json"), roles: ["analyst"], send } },
    grounds: () => ({ catalogue: loadCatalogue(), terms: loadTerms() }),
    sqlLimits: { rows: 10_000, ms: 300_000 }, // this machine may be busy
    httpLimits: { ms },
  });
};

/** All requests, one a line. */
export const requests = skip
  ? []
  : readFileSync(at("requests.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

/** Names in the databases: every short text that is no sentence. */
export async function namesOfWorld(): Promise<Set<string>> {
  const names = new Set<string>();
  for (const name of databases) {
    const database = await openAny(at("world", `${name}.db`));
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all<{ name: string }>();
    for (const { name: table } of tables) {
      for (const { name: column, type } of database
        .prepare(`PRAGMA table_info("${table}")`)
        .all<{ name: string; type: string }>()) {
        if (!/TEXT/i.test(type)) continue;
        const rows = database
          .prepare(`SELECT DISTINCT "${column}" v FROM "${table}" LIMIT 500`)
          .all<{ v: string | null }>();
        for (const { v } of rows)
          if (v !== null && /\p{Lu}|\p{Script=Han}/u.test(v) && isName(v)) names.add(v);
      }
    }
    database.close();
  }
  return names;
}

// A server of Postgres for a test, in a folder of its own, where it is installed.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { loadPostgres } from "../src/machines/load-postgres.ts";

const PORT = "5532";
/** Where systems keep the server's programs, which are seldom in the path. */
const PLACES = ["/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt"];

export interface Postgres {
  /** Makes a database; returns its address. */
  database(name: string): Promise<string>;
  close(): Promise<void>;
}

/** Why there is none here, or nothing; packages that the test needs beside the driver are looked for, too. */
export function whyNoPostgres(...packages: readonly string[]): string | undefined {
  const { resolve } = createRequire(import.meta.url);
  for (const name of ["pg", ...packages]) {
    try {
      resolve(name);
    } catch {
      return `the package ${name} is not installed`;
    }
  }
  return folderOfServer() === undefined ? "the server of Postgres is not installed" : undefined;
}

function folderOfServer(): string | undefined {
  const path = (process.env.PATH ?? "").split(":");
  const known = PLACES.filter((place) => existsSync(place)).flatMap((place) =>
    ["", ...readdirSync(place)].map((version) => join(place, version, "bin")),
  );
  return [...path, ...known].find((folder) => existsSync(join(folder, "initdb")));
}

/** Starts one, on a socket alone. */
export async function startPostgres(): Promise<Postgres> {
  const programs = folderOfServer() ?? "";
  const folder = mkdtempSync(join(tmpdir(), "baimo-postgres-"));
  const user = nobody();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const made = ["-D", data, "-U", "baimo", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  execFileSync(join(programs, "initdb"), made, Object.assign({ cwd: folder }, user));
  const settings = ["-D", data, "-k", folder, "-p", PORT, "-c", "listen_addresses="];
  const server = spawn(
    join(programs, "postgres"),
    settings,
    Object.assign({ stdio: "ignore", cwd: folder } as const, user),
  );
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const addressOf = (name: string) =>
    `postgres://baimo@localhost:${PORT}/${name}?host=${encodeURIComponent(folder)}`;
  const { Pool } = await loadPostgres();
  const pool = new Pool({ connectionString: addressOf("postgres") });
  pool.on("error", () => {}); // at the end
  for (let tries = 0; ; tries++) {
    try {
      await pool.query("SELECT 1");
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await wait(50);
    }
  }
  return {
    async database(name) {
      await pool.query(`CREATE DATABASE ${name}`);
      return addressOf(name);
    },
    async close() {
      await pool.end();
      server.kill("SIGQUIT"); // at once
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The server does not run as root. */
function nobody(): { readonly uid: number; readonly gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
}

// Whose a file is: processes claim it in lines beside it; the first that lives has it.
import { randomUUID } from "node:crypto";
import { appendFile, readFile, rm } from "node:fs/promises";
import { BaimoError } from "../../errors.ts";
import { isAlive, thisProcess } from "../../machines/owner.ts";

/** `+claim` where one is made, `-claim` where it was refused; one that a kill tore is none. */
const LINES = /^([+-])(\S+ [\w-]{36})$/gm;

/**
 * Takes a file for this process until it gives it back or ends, however it ends.
 *
 * @returns gives it back
 * @throws {BaimoError} `busy` where a process has it
 */
export async function holdFile(path: string): Promise<() => Promise<void>> {
  const file = `${path}.lock`;
  const mine = `${thisProcess()} ${randomUUID()}`;
  const say = (sign: "+" | "-") => appendFile(file, `\n${sign}${mine}\n`);
  let holder: string | undefined;
  // Whoever had it may have removed the file under this claim.
  for (let claims: string[] = []; !claims.includes(mine); ) {
    await say("+");
    claims = claimsIn(await readFile(file, "utf8").catch(() => ""));
    holder = claims.find((claim) => isAlive(claim.split(" ")[0]));
  }
  if (holder === mine) return () => rm(file, { force: true });
  await say("-");
  const [host, pid] = (holder ?? "").split("/");
  throw new BaimoError(
    "busy",
    `${path} is in use by process ${pid} of ${host}; wait for its end, give another --out, or remove ${file} if that process is no more`,
  );
}

/** Those that were not refused, in their order. */
function claimsIn(text: string): string[] {
  const lines = [...text.matchAll(LINES)];
  const refused = new Set(lines.filter(([, sign]) => sign === "-").map(([, , claim]) => claim));
  return lines.flatMap(([, sign, claim]) => (sign === "+" && !refused.has(claim) ? claim : []));
}

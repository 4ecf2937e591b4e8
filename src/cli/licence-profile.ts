// The policy of a licence profile: refuses what it does not permit, records what was accepted.
import { appendFileSync, readFileSync } from "node:fs";
import { BaimoError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { accept, type DeclaredModel, type LicenceProfile, readProfile } from "../licences/profile.ts";
import { loadTerms } from "./load-catalogue.ts";
import { unreadable } from "./text-file.ts";

/** Reads a profile from its file. @throws {BaimoError} `request` where there is none, `format` for a damaged one */
export function loadProfile(path: string): LicenceProfile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return readProfile(parseJson(text, path), path);
}

/** Where acceptances go: company.json has company.accepted.jsonl beside it. */
export const acceptancePath = (profile: string): string => `${profile.replace(/\.json$/, "")}.accepted.jsonl`;

/**
 * Holds a model to a profile, and adds a line to the record.
 * @throws {BaimoError} `licence` where the profile does not permit it, `request` where the record cannot be written
 */
export function holdToProfile(model: DeclaredModel, profile: LicenceProfile, path: string): void {
  const record = { time: new Date().toISOString(), ...accept(model, profile, loadTerms()) };
  try {
    appendFileSync(acceptancePath(path), `${JSON.stringify(record)}\n`);
  } catch (cause) {
    throw new BaimoError("request", `${acceptancePath(path)}: what was accepted cannot be recorded`, {
      cause,
    });
  }
}

// A licence profile: what a company does, what it fulfils, and which models it may therefore run.
import { BaimoError } from "../errors.ts";
import { listOf, recordOf, stringOf } from "../json.ts";
import { CONDITIONS, type Condition } from "./conditions.ts";
import { type Facts, readActions, readFacts } from "./facts.ts";
import { licenceOfTag } from "./licence-names.ts";
import { type Answer, mayI } from "./may.ts";
import type { LicenceTerms } from "./terms.ts";

export interface LicenceProfile {
  readonly action: string;
  readonly facts: Facts;
  /** Conditions that are fulfilled. */
  readonly accept: readonly Condition[];
  /** Licences of models whose files declare none, or declare several: what was found out, by the model's name. */
  readonly models: Readonly<Record<string, string>>;
}

/** A model as far as a profile looks at it. */
export interface DeclaredModel {
  readonly name: string;
  readonly declared: Readonly<Record<string, string>>;
}

/** What was accepted, to be recorded. */
export interface Acceptance {
  readonly model: string;
  readonly licences: readonly string[];
  readonly declared: Readonly<Record<string, string>>;
  readonly action: string;
  readonly facts: Facts;
  readonly verdict: Answer["verdict"];
  readonly conditions: readonly Condition[];
  readonly clauses: readonly string[];
}

/**
 * Reads a profile: `{ "action": "host", "facts": { … }, "accept": ["acceptable-use", …], "models": { "poet": "Apache-2.0" } }`.
 * @throws {BaimoError} `format` naming what is wrong, `request` for an action or a fact that is none
 */
export function readProfile(value: unknown, where: string): LicenceProfile {
  const given = recordOf(value, where);
  for (const key of Object.keys(given)) {
    if (!["action", "facts", "accept", "models"].includes(key))
      throw new BaimoError("format", `${where}: "${key}" is not known; known: action, facts, accept, models`);
  }
  const { facts, unknown } = readFacts(recordOf(given.facts ?? {}, `${where}: facts`));
  if (unknown.length > 0) throw new BaimoError("format", `${where}: the fact ${unknown[0]} is not known`);
  const accept = listOf(given.accept ?? [], `${where}: accept`).map((each) => {
    const known = CONDITIONS.find((condition) => condition === each);
    if (known) return known;
    throw new BaimoError(
      "format",
      `${where}: accept has ${JSON.stringify(each)}; known: ${CONDITIONS.join(", ")}`,
    );
  });
  const models = Object.entries(recordOf(given.models ?? {}, `${where}: models`)).map(([name, id]) => {
    const said = stringOf(id, `${where}: models: ${name}`);
    return [name, licenceOfTag(said) ?? said] as const;
  });
  const action = readActions(stringOf(given.action ?? "use", `${where}: action`)).join("+");
  return { action, facts, accept, models: Object.fromEntries(models) };
}

/**
 * What a profile permits of a model, to be recorded.
 * @throws {BaimoError} `licence` where it does not: with the reason and the clauses
 */
export function accept(
  { name, declared }: DeclaredModel,
  profile: LicenceProfile,
  terms: ReadonlyMap<string, LicenceTerms>,
): Acceptance {
  const { action, models } = profile;
  const found = Object.hasOwn(models, name) ? models[name] : undefined;
  const licences = found === undefined ? [...new Set(Object.values(declared))] : [found];
  const refuse = (why: string): never => {
    throw new BaimoError("licence", `${name}: ${why}; the licence profile does not permit to ${action} it`);
  };
  if (licences.length === 0)
    refuse(`its files declare no licence (find it out and write it in the profile under "models")`);
  const facts = found === undefined ? { ...profile.facts, declared } : profile.facts;
  const { verdict, conditions, clauses, asks, reasons, warnings } = mayI(
    { uses: licences, action, facts },
    terms,
  );
  const cited = clauses.map(({ id }) => id);
  const because = reasons
    .filter(({ effect }) => effect === (verdict === "no" ? "refuses" : "open"))
    .map(({ licence, text }) => `${licence}: ${text.en}`);
  if (verdict === "no") refuse(`${because.join("; ")} (${cited.join(", ")})`);
  if (verdict === "unknown") {
    const missing = asks.map((fact) => `the fact ${fact} is missing`);
    const disputed = conditions.length > 0 ? warnings.map(({ en }) => en).slice(-1) : [];
    refuse([...missing, ...disputed, ...because].join("; "));
  }
  const open = conditions.filter((condition) => !profile.accept.includes(condition));
  if (open.length > 0)
    refuse(
      `${licences.join(", ")} asks for ${open.join(", ")}, which the profile does not accept (${cited.join(", ")})`,
    );
  return {
    model: name,
    licences,
    declared,
    action,
    facts: profile.facts,
    verdict,
    conditions,
    clauses: cited,
  };
}

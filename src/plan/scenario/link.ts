// A scenario as one word that an address can hold: JSON in base64url.
import { fromBase64Url, toBase64Url } from "../../base64.ts";
import { BaimoError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import type { Question } from "../../licences/may.ts";
import { isPlain } from "../../options.ts";
import { PLANS, type Scenario } from "./scenario.ts";

/** Characters of a link; browsers take far more. */
const LONGEST = 16_384;

/** What a question about licences has. */
const ASKED: readonly string[] = ["uses", "action", "facts", "unread"] satisfies (keyof Question)[];

/** Writes a scenario; what is undefined is left out. */
export function writeLink(scenario: Scenario): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify(scenario)));
}

/**
 * Reads what `writeLink` wrote, alone or at the end of an address. The options are checked where they are used.
 * @throws {BaimoError} `request` for what is no scenario
 */
export function readLink(link: string): Scenario {
  const [word = ""] = /[\w-]*$/.exec(link.slice(0, LONGEST + 1)) ?? [];
  if (word === "" || word.length > LONGEST) throw refusal(`1 to ${LONGEST} characters at its end`);
  const value = parse(word);
  if (!isPlain(value) || !PLANS.some((plan) => plan === value.plan))
    throw refusal(`a plan that is one of ${PLANS.join(", ")}`);
  const keys =
    value.plan === "may" ? ["question"] : value.plan === "roi" ? ["options"] : ["model", "options"];
  const other = Object.keys(value).find((key) => key !== "plan" && !keys.includes(key));
  if (other !== undefined)
    throw refusal(`${keys.join(" and ")}, and no ${JSON.stringify(other.slice(0, 40))}`);
  const part = value.plan === "may" ? value.question : value.options;
  const strange =
    value.plan === "may" && isPlain(part) && Object.keys(part).find((key) => !ASKED.includes(key));
  if (typeof strange === "string")
    throw refusal(`a question of ${ASKED.join(", ")}, and no ${JSON.stringify(strange.slice(0, 40))}`);
  const hasModel = typeof value.model === "string" || isPlain(value.model);
  const needsModel = value.plan === "train" || value.plan === "serve";
  if (!isPlain(part) || (needsModel && !hasModel)) throw refusal("a model and options");
  return value as unknown as Scenario; // the library checks the options
}

function parse(word: string): unknown {
  try {
    return parseJson(fromBase64Url(word), "link");
  } catch {
    throw refusal("what the page of costs writes");
  }
}

const refusal = (expected: string): BaimoError =>
  new BaimoError("request", `link of a scenario: expected ${expected}; copy the whole link again`, {
    option: "link",
  });

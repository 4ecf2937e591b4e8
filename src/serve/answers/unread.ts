// What of a request a chat template does not read: documents are refused, variables named.
import { runsHere } from "../../generate/runs-here.ts";
import type { LanguageModel } from "../../generate/types.ts";
import { badParameter } from "../problem.ts";
import { templatesOf } from "../requests/thinking.ts";

/** What a client gives a template to read besides messages and tools. */
interface ForTemplate {
  readonly documents?: readonly unknown[];
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** More of them are named together, so that the header stays short. */
const MOST_NAMED = 16;

/**
 * Names the variables that no template of this model reads; a model at an endpoint says itself what it cannot be told.
 * @throws {Problem} 400 for documents that would go unread
 */
export function checkRead(
  { documents = [], variables = {} }: ForTemplate,
  model: LanguageModel,
  ignored: string[],
): void {
  if (!runsHere(model)) return;
  const words = new Set(templatesOf(model).match(/[\p{L}\p{N}_]+/gu));
  if (documents.length > 0 && !words.has("documents")) {
    const message = "'documents' are not read by this model's chat template; put their text into a message";
    throw badParameter("documents", "unsupported_value", message);
  }
  const unread = Object.keys(variables).filter((name) => !words.has(name));
  if (unread.length === 0) return;
  // A header takes no other letters.
  const canBeNamed = unread.length <= MOST_NAMED && unread.every((name) => /^\w{1,64}$/.test(name));
  const all = "chat_template_kwargs";
  ignored.push(...(canBeNamed ? unread.map((name) => `${all}.${name}`) : [all]));
}

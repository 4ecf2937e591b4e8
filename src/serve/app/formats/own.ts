// This project's own file of conversations, and which program wrote a file.
import { BaimoError } from "../../../errors.ts";
import { isRecord, listOf, recordOf } from "../../../json.ts";
import { fields, text, whole } from "../../../option-kinds.ts";
import type { StoredConversation } from "../../../store/conversations.ts";
import type { StoredMessage } from "../../../store/messages.ts";
import { asClient } from "../../requests/fields.ts";
import { answerOptions } from "../answer-options.ts";
import { parts } from "../parts-kind.ts";
import { isId } from "../query.ts";
import { shownConversation, shownMessage } from "../shown.ts";
import { readChatGpt } from "./chatgpt.ts";
import { type ImportedConversation, type ImportedMessage, type ReadFile, readEach } from "./imported.ts";
import { readOpenWebUi } from "./open-webui.ts";

const FORMAT = "baimo.conversations";

/** What stands before the conversations of a file, which are JSON of their own, with commas between, and after them. */
export const [HEAD, TAIL] = [`{"format":"${FORMAT}","version":1,"conversations":[`, "]}\n"];

/** A conversation as the file has it, in pieces; `folder` is its name there. */
export function* toFile(
  conversation: StoredConversation,
  folder: string | undefined,
  pages: Iterable<readonly StoredMessage[]>,
): Generator<string, void> {
  const head = JSON.stringify({ ...shownConversation(conversation), folder: folder ?? null });
  yield `${head.slice(0, -1)},"messages":[`;
  let comma = "";
  for (const page of pages) {
    yield comma + page.map((message) => JSON.stringify(shownMessage(message))).join(",");
    comma = ",";
  }
  yield "]}";
}

/**
 * Reads the file of any program that is known.
 * @throws {BaimoError} `format` for another
 */
export function readFile(data: unknown): ReadFile {
  if (isRecord(data) && data.format === FORMAT) {
    if (data.version !== 1)
      throw new BaimoError(
        "format",
        `the file is of version ${String(data.version)}; version 1 is read here`,
      );
    return readEach("baimo", listOf(data.conversations, "conversations"), readOwn);
  }
  const list = Array.isArray(data) ? data : [data];
  const has = (name: string) => list.length > 0 && list.every((each) => isRecord(each) && name in each);
  if (has("mapping")) return readEach("chatgpt", list, readChatGpt);
  if (has("chat") || has("history")) return readEach("open-webui", list, readOpenWebUi);
  throw new BaimoError(
    "format",
    "this is no file of conversations that is known: baimo's, ChatGPT's conversations.json or Open WebUI's export",
  );
}

const title = text({ least: 0, most: 1000 });
const name = text({ most: 1024 });
const settings = fields({ system: text({ least: 0, most: 200_000 }), options: answerOptions });
const time = whole({ min: 0, max: 1e14 });
const outcome = {
  usage: fields({ promptTokens: whole(), completionTokens: whole(), cachedTokens: whole() }),
  seed: whole(),
};

/** An optional field; null is none. */
function optional<T>(
  kind: { read(value: unknown, name: string, door: typeof asClient): T },
  value: unknown,
  at: string,
) {
  return value === undefined || value === null ? undefined : kind.read(value, at, asClient);
}

function readOwn(value: unknown): ImportedConversation {
  const given = recordOf(value, "the conversation");
  const { id } = given;
  return {
    id: typeof id === "string" && isId(id) ? id : undefined,
    title: optional(title, given.title, "title") ?? "",
    created: optional(time, given.created, "created"),
    updated: optional(time, given.updated, "updated"),
    pinned: given.pinned === true,
    folder: optional(title, given.folder, "folder"),
    model: optional(name, given.model, "model"),
    settings: plainJson(optional(settings, given.settings, "settings") ?? {}),
    messages: listOf(given.messages, "messages").map(readMessage),
    leaf: optional(name, given.leaf, "leaf"),
  };
}

function readMessage(value: unknown, i: number): ImportedMessage {
  const at = `messages[${i}]`;
  const given = recordOf(value, at);
  const { role, status } = given;
  if (role !== "user" && role !== "assistant" && role !== "tool")
    throw new BaimoError("format", `${at}.role must be "user", "assistant" or "tool"`);
  const ended = status === "stopped" || status === "interrupted" || status === "failed" ? status : "done";
  const content = listOf(given.parts, `${at}.parts`);
  const usage = optional(outcome.usage, given.usage, `${at}.usage`);
  const seed = optional(outcome.seed, given.seed, `${at}.seed`);
  return {
    id: name.read(given.id, `${at}.id`, asClient),
    parent: optional(name, given.parent, `${at}.parent`) ?? null,
    role,
    parts: content.length === 0 ? [] : parts.read(withoutTimes(content), `${at}.parts`, asClient),
    model: optional(name, given.model, `${at}.model`),
    status: status === "running" ? "interrupted" : ended,
    outcome: plainJson({ usage, seed }) as ImportedMessage["outcome"],
    created: optional(time, given.created, `${at}.created`),
  };
}

/** How long a model reasoned is not read. */
const withoutTimes = (list: readonly unknown[]) =>
  list.map((part) => {
    if (!isRecord(part) || part.type !== "reasoning") return part;
    const { ms: _, ...rest } = part;
    return rest;
  });

const plainJson = <T extends object>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

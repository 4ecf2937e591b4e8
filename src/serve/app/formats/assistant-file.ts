// Assistants as files: this project's own, and Hugging Chat's as it once shared them.
import { BaimoError } from "../../../errors.ts";
import { isRecord, recordOf } from "../../../json.ts";
import { readOptions } from "../../../options.ts";
import { type AssistantFields, fieldsOf } from "../../../store/assistants.ts";
import { asClient } from "../../requests/fields.ts";
import { assistantTable, toFields } from "../assistant-fields.ts";

const FORMAT = "baimo.assistant";

export const toAssistantFile = (assistant: AssistantFields): object => ({
  format: FORMAT,
  version: 1,
  assistant: fieldsOf(assistant),
});

/** What a file has, and what of it cannot be done here. */
export interface ReadAssistant {
  readonly fields: AssistantFields;
  readonly notices: readonly string[];
}

/** Reads either. @throws {BaimoError} `format` for something else, `Problem` for a field that is wrong */
export function readAssistant(data: unknown): ReadAssistant {
  const given = recordOf(data, "the file");
  if (given.format === FORMAT) {
    if (given.version !== 1)
      throw new BaimoError(
        "format",
        `the file is of version ${String(given.version)}; version 1 is read here`,
      );
    return { fields: read(given.assistant), notices: [] };
  }
  if (typeof given.preprompt === "string" && typeof given.name === "string") return readHuggingChat(given);
  throw new BaimoError("format", "this is no assistant's file that is known: baimo's or Hugging Chat's");
}

const read = (fields: unknown): AssistantFields => toFields(readOptions(fields, assistantTable, asClient));

function readHuggingChat(given: Readonly<Record<string, unknown>>): ReadAssistant {
  const notices: string[] = [];
  const settings = isRecord(given.generateSettings) ? given.generateSettings : {};
  const inputs = Array.isArray(given.exampleInputs) ? given.exampleInputs : [];
  const avatar =
    typeof given.avatar === "string" && given.avatar.startsWith("data:image/") ? given.avatar : "";
  if (given.avatar && avatar === "") notices.push("the picture is not in the file");
  const rag = isRecord(given.rag) ? given.rag : {};
  const searches = rag.allowAllDomains === true || isFilled(rag.allowedDomains) || isFilled(rag.allowedLinks);
  if (searches) notices.push("it searched the web, which assistants here do not");
  if (given.dynamicPrompt === true) notices.push("{{url=…}} in its instructions is not filled in");
  if (isFilled(given.tools)) notices.push("its tools are Hugging Chat's own");
  const fields = read({
    name: String(given.name).slice(0, 100),
    description: typeof given.description === "string" ? given.description.slice(0, 2000) : "",
    picture: avatar,
    model: typeof given.modelId === "string" ? given.modelId : "",
    system: given.preprompt,
    starters: inputs.filter((each) => typeof each === "string" && each !== "").slice(0, 12),
    options: {
      temperature: settings.temperature,
      topP: settings.top_p,
      topK: settings.top_k,
      repetitionPenalty: settings.repetition_penalty,
    },
  });
  return { fields, notices };
}

const isFilled = (value: unknown) => Array.isArray(value) && value.length > 0;

// What assistants' files say before it is checked: this project's, and Hugging Chat's of old.
import { BaimoError } from "../../../errors.ts";
import { isRecord, recordOf } from "../../../json.ts";

/** The format of this project's files. */
export const ASSISTANT_FORMAT = "baimo.assistant";

/** What of Hugging Chat's assistants cannot be done here. */
export const NOTICES = {
  picture: "the picture is not in the file",
  "web-search": "it searched the web, which assistants here do not",
  "dynamic-prompt": "{{url=…}} in its instructions is not filled in",
  tools: "its tools are Hugging Chat's own",
} as const;

/** What a file has, and what of it cannot be done here. */
export interface FoundAssistant {
  readonly fields: unknown;
  readonly notices: readonly (keyof typeof NOTICES)[];
}

/** Reads either. @throws {BaimoError} `format` for something else */
export function findAssistant(data: unknown): FoundAssistant {
  const given = recordOf(data, "the file");
  if (given.format === ASSISTANT_FORMAT) {
    if (given.version !== 1)
      throw new BaimoError(
        "format",
        `the file is of version ${String(given.version)}; version 1 is read here`,
      );
    return { fields: given.assistant, notices: [] };
  }
  if (typeof given.preprompt === "string" && typeof given.name === "string") return ofHuggingChat(given);
  throw new BaimoError("format", "this is no assistant's file that is known: baimo's or Hugging Chat's");
}

function ofHuggingChat(given: Readonly<Record<string, unknown>>): FoundAssistant {
  const notices: (keyof typeof NOTICES)[] = [];
  const settings = isRecord(given.generateSettings) ? given.generateSettings : {};
  const inputs = Array.isArray(given.exampleInputs) ? given.exampleInputs : [];
  const avatar =
    typeof given.avatar === "string" && given.avatar.startsWith("data:image/") ? given.avatar : "";
  if (given.avatar && avatar === "") notices.push("picture");
  const rag = isRecord(given.rag) ? given.rag : {};
  const searches = rag.allowAllDomains === true || isFilled(rag.allowedDomains) || isFilled(rag.allowedLinks);
  if (searches) notices.push("web-search");
  if (given.dynamicPrompt === true) notices.push("dynamic-prompt");
  if (isFilled(given.tools)) notices.push("tools");
  const fields = {
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
  };
  return { fields, notices };
}

const isFilled = (value: unknown) => Array.isArray(value) && value.length > 0;

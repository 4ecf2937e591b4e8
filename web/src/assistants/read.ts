// Reads an assistant's file: this page's own, or Hugging Chat's; nothing in it is trusted.
import { findAssistant } from "../../../src/serve/app/formats/found-assistant.ts";
import { type AssistantFields, type AssistantFile, blankAssistant } from "../store/assistants.ts";
import { readSampling } from "../store/sampling.ts";

/** No SVG, which can hold scripts. */
const PICTURE = /^data:image\/(png|jpeg|webp|gif|avif);base64,[A-Za-z0-9+/]+={0,2}$/;
const MOST_PICTURE = 400_000;

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown, most: number) => (typeof value === "string" ? value.slice(0, most) : "");
const list = (value: unknown) => (Array.isArray(value) ? (value as unknown[]) : []);

/**
 * What a file has, and codes of what of it cannot be done here; what is damaged is left out.
 * @throws {Error} for a file of another kind
 */
export function readAssistant(data: unknown): { fields: AssistantFields; notices: readonly string[] } {
  const { fields: found, notices } = findAssistant(data);
  const given = isFields(found) ? found : {};
  const name = text(given.name, 100).trim();
  if (name === "") throw new Error('the assistant has no "name"');
  const picture = text(given.picture, MOST_PICTURE);
  const texts = (value: unknown, most: number, length: number) =>
    list(value)
      .filter((each): each is string => typeof each === "string" && each !== "")
      .slice(0, most)
      .map((each) => each.slice(0, length));
  const fields: AssistantFields = {
    ...blankAssistant(),
    name,
    description: text(given.description, 2000),
    picture: PICTURE.test(picture) ? picture : "",
    model: text(given.model, 1024),
    fallbacks: texts(given.fallbacks, 16, 1024),
    system: text(given.system, 200_000),
    starters: texts(given.starters, 12, 2000),
    options: readSampling(isFields(given.options) ? given.options : {}),
    tools: list(given.tools).filter(isFields).slice(0, 128),
    files: list(given.files)
      .slice(0, 64)
      .map(toFile)
      .filter((file) => file !== undefined),
  };
  return { fields, notices };
}

function toFile(given: unknown): AssistantFile | undefined {
  if (!isFields(given) || typeof given.name !== "string" || typeof given.text !== "string") return undefined;
  const mediaType = text(given.mediaType, 256) || "text/plain";
  return { name: given.name.slice(0, 1024), mediaType, text: given.text.slice(0, 1_000_000) };
}

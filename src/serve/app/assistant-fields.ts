// The fields of an assistant as requests and files have them.
import { fields, kindOf, list, plain, required, text, withDefault } from "../../option-kinds.ts";
import type { AssistantFields } from "../../store/assistants.ts";
import { answerOptions } from "./answer-options.ts";

const modelName = text({ least: 0, most: 1024 });

/** No SVG, which can hold scripts; some 300 kB of bytes. */
const PICTURE = /^data:image\/(png|jpeg|webp|gif|avif);base64,[A-Za-z0-9+/]+={0,2}$/;
const picture = kindOf(
  "text",
  'a data: URL of a PNG, JPEG, WebP, GIF or AVIF image of at most 400,000 characters, or ""',
  (value) => typeof value === "string",
  (value) => value === "" || (value.length <= 400_000 && PICTURE.test(value)),
  { type: "string", maxLength: 400_000 },
);

const file = fields({
  name: required(text({ most: 1024 })),
  mediaType: withDefault(text({ most: 256 }), "text/plain"),
  text: required(text({ least: 0, most: 1_000_000 })),
});

export const assistantTable = {
  name: required(text({ most: 100 })),
  description: withDefault(text({ least: 0, most: 2000 }), ""),
  picture: withDefault(picture, ""),
  model: withDefault(modelName, ""),
  fallbacks: withDefault(list(modelName, { most: 16 }), []),
  system: withDefault(text({ least: 0, most: 200_000 }), ""),
  starters: withDefault(list(text({ most: 2000 }), { most: 12 }), []),
  options: answerOptions,
  tools: withDefault(list(plain, { most: 128 }), []),
  files: withDefault(list(file, { most: 64 }), []),
};

/** As JSON keeps them. */
export const toFields = ({ options = {}, ...rest }: Partial<AssistantFields>) =>
  ({ ...rest, options: JSON.parse(JSON.stringify(options)) }) as AssistantFields; // what the table read

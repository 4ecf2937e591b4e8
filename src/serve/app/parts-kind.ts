// The parts of a message as a request sends them.
import { choice, fields, list, required, text, whole } from "../../option-kinds.ts";
import { type Door, isPlain, type Kind, refusal } from "../../options.ts";
import type { Part } from "../../store/parts.ts";

/** Characters of one part; a body has a bound of its own. */
const content = text({ least: 0, most: 8_000_000 });
/** Of a message with files in it. */
export const FILES = { bytes: 32 * 1024 * 1024 };
const name = text({ least: 0, most: 1024 });
const id = text({ most: 1024 });
const passage = fields({
  file: required(name),
  page: whole({ min: 1 }),
  heading: name,
  line: whole({ min: 1 }),
  text: required(text({ least: 0, most: 20_000 })),
});

const kinds = {
  text: fields({ type: required(choice("text")), text: required(content) }),
  reasoning: fields({ type: required(choice("reasoning")), text: required(content) }),
  file: fields({
    type: required(choice("file")),
    name: required(name),
    mediaType: required(name),
    text: required(content),
    notice: name,
  }),
  passages: fields({
    type: required(choice("passages")),
    of: required(whole({ min: 0 })),
    by: name,
    passages: required(list(passage, { most: 256 })),
  }),
  "tool-call": fields({
    type: required(choice("tool-call")),
    id: required(id),
    name: required(name),
    arguments: required(content),
  }),
  "tool-result": fields({
    type: required(choice("tool-result")),
    id: required(id),
    name: required(name),
    text: required(content),
  }),
};

const type = choice("text", "reasoning", "file", "passages", "tool-call", "tool-result");

const part: Kind<Part> = {
  kind: "part",
  allowed: 'an object such as { "type": "text", "text": "…" }',
  schema: { anyOf: Object.values(kinds).map(({ schema }) => schema) },
  read(value, path, door) {
    if (!isPlain(value)) throw refusal("type", path, value, this.allowed, door);
    const read: Kind<Part> = kinds[type.read(value.type, `${path}.type`, door)] as Kind<Part>; // each of its own type
    return withoutUndefined(read.read(value, path, door));
  },
};

/** As JSON would leave it. */
const withoutUndefined = (given: Part): Part => JSON.parse(JSON.stringify(given)) as Part; // the same fields

export const parts = list(part, { least: 1, most: 256 });

/** What a message says: its `text` alone, or all of its `parts`. @throws what the door makes of neither and of both */
export function readContent(body: { text?: string; parts?: Part[] }, door: Door): Part[] {
  const { text: said, parts: given } = body;
  if (given !== undefined && said === undefined) return given;
  if (given === undefined && said !== undefined) return [{ type: "text", text: said }];
  throw door.refuse({
    name: "text",
    fault: "missing",
    text: "is what the message says; give it, or 'parts', and not both",
  });
}

export { content as contentText };

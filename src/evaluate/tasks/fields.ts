// What a document's question, answer and choices are: columns, templates, literals.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { parseLiteral } from "../python/literal.ts";
import { pythonText } from "../python/values.ts";
import { configError } from "./config-error.ts";
import type { Document } from "./document.ts";
import { type FieldSource, ported } from "./field-source.ts";
import type { TaskConfig } from "./task-config.ts";
import { createRenderer } from "./template.ts";

/** Reads the fields of documents. A source that is given stands in place of the task's own. */
export interface FieldReader {
  /** A text, or the number of a choice. */
  text(document: Document, source?: FieldSource | null): unknown;
  /** A text, the number of a choice, or a list of several. */
  target(document: Document, source?: FieldSource | null): unknown;
  choices(document: Document, source?: FieldSource | null): readonly string[];
  prefix(document: Document): string | null;
  /** A text that may be a column's name; "" where there is none. */
  resolve(document: Document, source: string | null): string;
}

/** str.isdigit, for what a template gives. */
const DIGITS = /^\p{Nd}+$/u;

/** features  the names of the columns of the documents that are evaluated */
export function createFieldReader(config: TaskConfig, features: readonly string[]): FieldReader {
  const { where } = config;
  const renderer = createRenderer(where);
  const columns = new Set(features);
  const hasChoices = config.docToChoice !== null;

  function literal(text: string, key: string): unknown {
    try {
      return parseLiteral(text);
    } catch (cause) {
      throw new BaimoError("format", `${where}: ${key} gave ${brief(text)}, which is no list of Python`, {
        cause,
      });
    }
  }

  function columnOf(document: Document, name: string): unknown {
    return Object.hasOwn(document, name) ? document[name] : null;
  }

  function needed(source: FieldSource | null | undefined, own: FieldSource | null, key: string): FieldSource {
    return source ?? own ?? fail(key, "is missing");
  }
  const fail = (key: string, problem: string): never => {
    throw configError(where, key, problem);
  };

  const reader: FieldReader = {
    text(document, given) {
      const source = needed(given, config.docToText, "doc_to_text");
      const made = ported(source, document);
      if (made) return made.value;
      if (typeof source === "number") return source;
      if (typeof source !== "string") return fail("doc_to_text", `must be a column or a template`);
      if (columns.has(source)) return columnOf(document, source);
      const text = renderer.render(source, document, "doc_to_text");
      return DIGITS.test(text) && hasChoices ? literal(text, "doc_to_text") : text;
    },
    target(document, given) {
      const source = needed(given, config.docToTarget, "doc_to_target");
      const made = ported(source, document);
      if (made) return made.value;
      if (typeof source !== "string") return source;
      if (columns.has(source)) return columnOf(document, source);
      const text = renderer.render(source, document, "doc_to_target");
      if (DIGITS.test(text) && hasChoices) return literal(text, "doc_to_target");
      if (text.length < 2 || !text.startsWith("[") || !text.endsWith("]")) return text;
      try {
        return parseLiteral(text);
      } catch {
        return text;
      }
    },
    choices(document, given) {
      const source = needed(given, config.docToChoice, "doc_to_choice");
      const made = ported(source, document);
      let choices: unknown = made ? made.value : isRecord(source) ? Object.values(source) : source;
      if (typeof source === "string") {
        choices = columns.has(source)
          ? columnOf(document, source)
          : literal(renderer.render(source, document, "doc_to_choice"), "doc_to_choice");
      }
      if (!Array.isArray(choices)) return fail("doc_to_choice", `gave ${brief(choices)}, which is no list`);
      const wrong = choices.find((choice) => typeof choice !== "string");
      if (wrong === undefined) return choices;
      if (typeof wrong === "boolean") {
        return fail(
          "doc_to_choice",
          `has the choice ${pythonText(wrong)}; YAML 1.1 reads yes and no so: quote them`,
        );
      }
      return fail("doc_to_choice", `has the choice ${pythonText(wrong)}, which is no text`);
    },
    prefix(document) {
      const { genPrefix } = config;
      if (genPrefix === null) return null;
      if (!columns.has(genPrefix)) return renderer.render(genPrefix, document, "gen_prefix");
      const value = columnOf(document, genPrefix);
      return typeof value === "string" ? value : fail("gen_prefix", `is ${brief(value)} in a document`);
    },
    resolve(document, source) {
      if (!source) return "";
      if (!Object.hasOwn(document, source)) return renderer.render(source, document, "description");
      const value = document[source];
      return typeof value === "string" ? value : fail("description", `is ${brief(value)} in a document`);
    },
  };
  return Object.assign(reader, { target: remembered(reader.target), choices: remembered(reader.choices) });
}

/** Makes a field of a document once: every filter's pipeline asks for it. */
function remembered<T>(read: (document: Document, source?: FieldSource | null) => T) {
  const known = new WeakMap<Document, T>();
  return (document: Document, source?: FieldSource | null): T => {
    if (source !== undefined && source !== null) return read(document, source);
    const found = known.get(document);
    if (found !== undefined) return found;
    const made = read(document);
    known.set(document, made);
    return made;
  };
}

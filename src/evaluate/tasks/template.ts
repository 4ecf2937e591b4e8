// Templates of tasks: Jinja as lm-evaluation-harness sets it up, over a document's columns.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { define } from "../../tokenizers/chat-template/jinja/arguments.ts";
import { TemplateError } from "../../tokenizers/chat-template/jinja/errors.ts";
import { intOf } from "../../tokenizers/chat-template/jinja/numbers.ts";
import { compileTemplate, type JinjaTemplate } from "../../tokenizers/chat-template/jinja/template.ts";
import type { Value } from "../../tokenizers/chat-template/jinja/values.ts";
import { compileRegex, type PythonRegex } from "../python/regex.ts";
import type { Document } from "./document.ts";

/** What one rendering may spend: a task's fields are small. */
const LIMITS = { steps: 2_000_000, memory: 64 * 2 ** 20, output: 4 * 2 ** 20, depth: 100 };

/** Renders the templates of one task. */
export interface TemplateRenderer {
  /**
   * @param key  the task's key, for messages
   * @throws {BaimoError} `format` with the key, the template, and the columns there are
   */
  render(source: string, document: Document, key: string): string;
}

/** Compiles each template once. */
export function createRenderer(where: string): TemplateRenderer {
  const templates = new Map<string, JinjaTemplate>();
  const patterns = new Map<string, PythonRegex>();

  const textArgument = (value: Value, name: string): string => {
    if (typeof value === "string") return value;
    throw new TemplateError("TypeError", `regex_replace: ${name} must be a text`);
  };
  const regexReplace = define("string, pattern, repl, count=0", ([string, pattern, template, count]) => {
    const source = textArgument(pattern, "pattern");
    const regex = patterns.get(source) ?? compileRegex(source, where);
    patterns.set(source, regex);
    return regex.replace(
      textArgument(string, "string"),
      textArgument(template, "repl"),
      Number(intOf(count) ?? 0),
    );
  });

  const compile = (source: string): JinjaTemplate => {
    const known = templates.get(source);
    if (known) return known;
    const options = {
      trimBlocks: false,
      keepTrailingNewline: true,
      strict: true,
      filters: { regex_replace: regexReplace },
    };
    const template = compileTemplate(source, options);
    templates.set(source, template);
    return template;
  };

  return {
    render(source, document, key) {
      if (!/[{\r]/.test(source)) return source;
      try {
        return compile(source).render({ variables: document, limits: LIMITS }).text;
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        const columns = Object.keys(document).slice(0, 40).join(", ");
        throw new BaimoError(
          "format",
          `${where}: ${key} ${brief(source)} cannot be rendered: ${reason}; the document's columns are ${columns}`,
          { cause },
        );
      }
    },
  };
}

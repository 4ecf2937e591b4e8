// What including another template comes to where there is nothing to load it from.

import { TemplateError, typeError } from "./errors.ts";
import { iterate, textOf, truth, Undefined, type Value } from "./values.ts";

/** The error of `{% include name %}`. */
export function includeError(name: Value): TemplateError {
  if (textOf(name) !== undefined) return typeError("no loader for this environment specified");
  if (name instanceof Undefined) name.fail();
  if (!truth(name)) {
    return new TemplateError("TemplateNotFound", "Tried to select from an empty list of templates.");
  }
  for (const _each of iterate(name)) return typeError("no loader for this environment specified");
  return new TemplateError("TemplateNotFound", "none of the templates given were found");
}

// Further variables of a chat template; none has the name of what a template is given anyway.
import { plain } from "../../option-kinds.ts";
import type { Kind } from "../../options.ts";

/** What every template is given by an option or an argument of its own. */
type Given = "messages" | "tools" | "documents" | "add_generation_prompt" | "continue_final_message";

/**
 * Further variables beside what a template is given anyway; `instead` says what a caller does who names one of those.
 * (transformers raises for them, too, while a special token such as `bos_token` may be given anew.)
 */
export function variablesBeside(instead: Readonly<Record<Given, string>>): Kind<Record<string, unknown>> {
  return {
    ...plain,
    read(value, name, door) {
      const variables = plain.read(value, name, door);
      for (const [given, advice] of Object.entries(instead)) {
        if (!Object.hasOwn(variables, given)) continue;
        const text = `is not a variable of the template's own; ${advice}`;
        throw door.refuse({ name: `${name}.${given}`, fault: "value", text });
      }
      return variables;
    },
  };
}

// JSON that was cut off: the object as far as it was written.
import { isPlain } from "../../options.ts";

/** The longest beginning of an object that is whole when its brackets are closed; a value that was cut is left out. */
export function readPartialObject(json: string): Record<string, unknown> {
  const closers: string[] = [];
  let inText = false;
  /** Where the last whole value ends, and what is open there. */
  let [end, open] = [0, ""];
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (inText) {
      if (char === "\\") i++;
      else if (char === '"') inText = false;
      continue;
    }
    const keep = (at: number) => {
      end = at;
      open = closers.join("");
    };
    if (char === '"') inText = true;
    else if (char === "{" || char === "[") {
      closers.push(char === "{" ? "}" : "]");
      keep(i + 1);
    } else if (char === "}" || char === "]") {
      closers.pop();
      keep(i + 1);
    } else if (char === ",") keep(i);
  }
  try {
    const value: unknown = JSON.parse(json.slice(0, end) + [...open].reverse().join(""));
    return isPlain(value) ? value : {};
  } catch {
    return {};
  }
}

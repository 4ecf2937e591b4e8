// Regular expressions as Python's `re` runs them: search, findall, sub.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { compileNode, type Search } from "./match-pattern.ts";
import { parsePattern } from "./pattern-tree.ts";

/** One match. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  /** The whole match, then the groups; undefined where one took no part. */
  readonly groups: readonly (string | undefined)[];
}

/** A compiled pattern. */
export interface PythonRegex {
  readonly groups: number;
  /** The matches from left to right, as `finditer`. */
  matches(text: string): Generator<RegexMatch>;
  /** The first match. */
  search(text: string): RegexMatch | undefined;
  /** As `re.findall`: texts, or with several groups lists of texts. */
  findAll(text: string): (string | string[])[];
  /** As `re.sub`; `template` may name groups. */
  replace(text: string, template: string, count?: number): string;
}

/** Steps that one call may take. */
const STEPS = 5_000_000;

/**
 * Compiles a pattern of Python's `re`, text and not bytes.
 * @throws {BaimoError} `format` when it is none; its methods throw `request` when it takes too many steps
 */
export function compileRegex(pattern: string, where = "the task"): PythonRegex {
  const { root, groups, names } = parsePattern(pattern, where);
  const match = compileNode(root);
  const none = new Int32Array(2 * groups + 2).fill(-1);

  /** advance  whether a match at `from` itself must not be empty */
  function find(search: Search, from: number, advance: boolean): RegexMatch | undefined {
    const { text } = search;
    for (let start = from; start <= text.length; start++) {
      const inPair = start > 0 && (text.codePointAt(start - 1) as number) > 0xffff;
      if (inPair) continue;
      search.groups = none;
      const end = match(search, start, (at) => (advance && start === from && at === from ? -1 : at));
      if (end < 0) continue;
      const found = Array.from({ length: groups }, (_, i) => {
        const to = search.groups[2 * i + 3];
        return to < 0 ? undefined : text.slice(search.groups[2 * i + 2], to);
      });
      return { start, end, groups: [text.slice(start, end)].concat(found as string[]) };
    }
    return undefined;
  }

  function* matches(text: string): Generator<RegexMatch> {
    const search: Search = { text, groups: none, steps: STEPS };
    let at = 0;
    for (let advance = false; ; ) {
      const found = guarded(() => find(search, at, advance));
      if (!found) return;
      yield found;
      at = found.end;
      advance = found.start === found.end;
    }
  }

  function guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new BaimoError("request", `the regular expression ${brief(pattern)} goes too deep on a text`, {
        cause,
      });
    }
  }

  return {
    groups,
    matches,
    search: (text) => matches(text).next().value ?? undefined,
    findAll(text) {
      return Array.from(matches(text), ({ groups: [whole, ...parts] }) => {
        if (parts.length > 1) return parts.map((part) => part ?? "");
        return (parts.length === 1 ? parts[0] : whole) ?? "";
      });
    },
    replace(text, template, count = 0) {
      const parts = templateParts(template, groups, names);
      let out = "";
      let from = 0;
      let done = 0;
      for (const { start, end, groups: found } of matches(text)) {
        out += text.slice(from, start);
        for (const part of parts) out += typeof part === "number" ? (found[part] ?? "") : part;
        from = end;
        if (++done === count) break;
      }
      return out + text.slice(from);
    },
  };
}

const ESCAPED: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  f: "\f",
  v: "\v",
  b: "\b",
  "\\": "\\",
};

/** A replacement as its texts and the numbers of groups. */
function templateParts(
  template: string,
  groups: number,
  names: ReadonlyMap<string, number>,
): (string | number)[] {
  const fail = (): never => {
    throw new BaimoError("format", `the replacement ${brief(template)} names a group that its pattern lacks`);
  };
  const parts: (string | number)[] = [];
  const pattern = /\\(?:g<([^>]*)>|(0[0-7]{0,2}|[1-3][0-7]{2})|([1-9]\d?)|([\s\S]?))|[^\\]+/g;
  for (const [text, name, octal, number, letter] of template.matchAll(pattern)) {
    const group = name === undefined ? number : /^\d+$/.test(name) ? name : String(names.get(name) ?? fail());
    if (group !== undefined) {
      if (Number(group) > groups) fail();
      parts.push(Number(group));
    } else if (octal !== undefined) parts.push(String.fromCharCode(Number.parseInt(octal, 8)));
    else if (letter === undefined) parts.push(text);
    else if (Object.hasOwn(ESCAPED, letter)) parts.push(ESCAPED[letter]);
    else if (/[a-zA-Z]/.test(letter)) fail();
    else parts.push(text);
  }
  return parts;
}

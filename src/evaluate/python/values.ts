// How Python writes values: str(), json.dumps.
import { fromJson } from "../../tokenizers/chat-template/jinja/from-json.ts";
import { toJson } from "../../tokenizers/chat-template/jinja/json.ts";
import { str } from "../../tokenizers/chat-template/jinja/repr.ts";
import { Runtime } from "../../tokenizers/chat-template/jinja/runtime.ts";

/** str(value), of values as `parsePythonJson` gives them. */
export const pythonText = (value: unknown): string => str(fromJson(value), new Runtime(undefined));

/** json.dumps(value, ensure_ascii=False), over lines where `indent` is given. */
export function dumpJson(value: unknown, indent: number | null = null): string {
  const options = { ensureAscii: false, indent, separators: null, sortKeys: false };
  return toJson(fromJson(value), options, new Runtime(undefined));
}

/** Whether a value is an int of Python: no float, and no bool. */
export const isInt = (value: unknown): value is number | bigint =>
  typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));

/** Whether two values are equal in Python: 1 == 1.0, lists and dicts by their items. */
export function pythonEquals(a: unknown, b: unknown): boolean {
  const [left, right] = [plain(a), plain(b)];
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, i) => pythonEquals(item, right[i]))
    );
  }
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    // biome-ignore lint/suspicious/noDoubleEquals: 1n == 1
    return left === right || (typeof left === "bigint" && left == right);
  }
  if (Array.isArray(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every(
      (key) => Object.hasOwn(right, key) && pythonEquals(Reflect.get(left, key), Reflect.get(right, key)),
    )
  );
}

function plain(value: unknown): unknown {
  if (value instanceof Number) return value.valueOf();
  return typeof value === "boolean" ? Number(value) : (value ?? null);
}

/** A float of Python: without a fraction a `Number` object. */
export const float = (value: number): unknown => (Number.isInteger(value) ? Object(value) : value);

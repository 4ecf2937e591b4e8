// Python's ==, order and kinds for values of templates.

/** A value of a template, as far as it is looked into here. */
export interface TemplateValue {
  readonly type: string;
  readonly value: unknown;
}

export function isList(value: TemplateValue | undefined): boolean {
  return value?.type === "ArrayValue" || value?.type === "TupleValue";
}

export function isNumeric(value: TemplateValue): boolean {
  return ["IntegerValue", "FloatValue", "BooleanValue"].includes(value.type);
}

/** Python's ==. */
export function equal(a: TemplateValue, b: TemplateValue): boolean {
  if (isNumeric(a) && isNumeric(b)) return Number(a.value) === Number(b.value);
  if (a.type !== b.type) return false;
  if (isList(a)) {
    const [left, right] = [a.value as TemplateValue[], b.value as TemplateValue[]];
    return left.length === right.length && left.every((item, i) => equal(item, right[i]));
  }
  if (a.type === "ObjectValue") {
    const [left, right] = [a.value as Map<string, TemplateValue>, b.value as Map<string, TemplateValue>];
    return (
      left.size === right.size &&
      [...left].every(([key, item]) => {
        const other = right.get(key);
        return other !== undefined && equal(item, other);
      })
    );
  }
  return a.value === b.value;
}

/** Python's order of numbers and of texts. */
export function compare(a: TemplateValue, b: TemplateValue): number {
  if (isNumeric(a) && isNumeric(b)) return Number(a.value) - Number(b.value);
  if (a.type === "StringValue" && b.type === "StringValue") {
    const [left, right] = [[...(a.value as string)], [...(b.value as string)]];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const difference = (left[i].codePointAt(0) as number) - (right[i].codePointAt(0) as number);
      if (difference !== 0) return difference;
    }
    return left.length - right.length;
  }
  throw new Error(`${describe(a)} and ${describe(b)} have no order`);
}

const NAMES: Readonly<Record<string, string>> = {
  StringValue: "text",
  IntegerValue: "a number",
  FloatValue: "a number",
  BooleanValue: "a boolean",
  NullValue: "None",
  UndefinedValue: "something undefined",
  ArrayValue: "a list",
  TupleValue: "a tuple",
  ObjectValue: "a dict",
  FunctionValue: "a function",
};

// A dict keeps its keys as texts; an integer key (Seed-OSS has {512: 128}) is kept with this before it.
const INTEGER_KEY = "\0int:";

/** How a dict keeps a key, or undefined for what cannot be one here. */
export function dictKey(key: TemplateValue): string | undefined {
  if (key.type === "StringValue") return key.value as string;
  return key.type === "IntegerValue" ? `${INTEGER_KEY}${key.value}` : undefined;
}

/** The key that a dict keeps in this way. */
export function keyOf(kept: string): string | number {
  return kept.startsWith(INTEGER_KEY) ? Number(kept.slice(INTEGER_KEY.length)) : kept;
}

/** The kind of a value in words. */
export function describe(value: TemplateValue): string {
  return NAMES[value.type] ?? value.type;
}

// Reads an attribute such as "address.city" or 0 of an item, for filters that take one.

import { getItem } from "./attributes.ts";
import type { Runtime } from "./runtime.ts";
import { Markup, textOf, Undefined, type Value } from "./values.ts";

type Getter = (item: Value) => Value;

/** Text in lower case, anything else as it is. */
export function foldCase(value: Value): Value {
  if (value instanceof Markup) return new Markup(value.value.toLowerCase());
  return typeof value === "string" ? value.toLowerCase() : value;
}

function partsOf(attribute: Value): Value[] {
  if (attribute === null) return [];
  const text = textOf(attribute);
  if (text === undefined) return [attribute];
  return text.split(".").map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));
}

/** Reads an attribute; with a fallback where it is undefined, and a change to what is read. */
export function attributeGetter(
  attribute: Value,
  runtime: Runtime,
  change?: Getter,
  fallback: Value = null,
): Getter {
  const parts = partsOf(attribute);
  return (item) => {
    runtime.budget.step();
    let value = item;
    for (const part of parts) {
      value = getItem(value, part, runtime);
      if (fallback !== null && value instanceof Undefined) value = fallback;
    }
    return change ? change(value) : value;
  };
}

/** Reads several attributes, given as "age,name", as a list. */
export function multiAttributeGetter(attribute: Value, runtime: Runtime, change?: Getter): Getter {
  const text = textOf(attribute);
  const names = text === undefined ? [attribute] : text.split(",");
  const getters = names.map((name) => attributeGetter(name, runtime, change));
  return (item) => getters.map((get) => get(item));
}

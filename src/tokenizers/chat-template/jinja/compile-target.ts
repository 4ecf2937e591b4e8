// Turns the targets of assignments into functions that assign.

import type { Target } from "./ast.ts";
import { typeError, valueError } from "./errors.ts";
import { type Activation, type Frame, reader, variableOf, writer } from "./frame.ts";
import type { Namespace } from "./globals.ts";
import { itemsOf, iterate, PyObject, textOf, typeName, type Value } from "./values.ts";

type Assign = (activation: Activation, value: Value) => void;

/** Compiles a target. */
export function compileTarget(target: Target, frame: Frame): Assign {
  switch (target.type) {
    case "Name":
      return writer(frame, variableOf(frame, target.name, target.line));
    case "NamespaceRef": {
      const read = reader(frame, variableOf(frame, target.name, target.line));
      const { attribute } = target;
      return (a, value) => (read(a) as Namespace).set(attribute, value);
    }
    case "Tuple": {
      const items = target.items.map((item) => compileTarget(item as Target, frame));
      return (a, value) => {
        const values = unpack(value, items.length);
        items.forEach((assign, i) => {
          assign(a, values[i]);
        });
      };
    }
  }
}

/** Exactly so many values. */
function unpack(value: Value, count: number): readonly Value[] {
  const items = itemsOf(value);
  if (!items && textOf(value) === undefined && !(value instanceof PyObject && value.iterate)) {
    throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
  }
  const values: Value[] = [];
  for (const item of items ?? iterate(value)) {
    if (values.length === count) throw valueError(`too many values to unpack (expected ${count})`);
    values.push(item);
  }
  if (values.length < count) {
    throw valueError(`not enough values to unpack (expected ${count}, got ${values.length})`);
  }
  return values;
}

/** The names that a target assigns. */
export function exportedNames(target: Target): string[] {
  if (target.type === "Name") return [target.name];
  return target.type === "Tuple" ? target.items.flatMap((item) => exportedNames(item as Target)) : [];
}

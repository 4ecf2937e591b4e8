// Filters that apply another filter or a test to each item: map, select, reject and their kin.

import { callDefined, type Defined, type FreeFilter, findDefined } from "./call-filter.ts";
import { TemplateError, typeError } from "./errors.ts";
import { attributeGetter } from "./getters.ts";
import { quote } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { Iter, iterate, type Kwargs, truth, type Value } from "./values.ts";

/** All filters and tests, which these look up by name when they run. */
export interface Tables {
  readonly filters: ReadonlyMap<string, Defined>;
  readonly tests: ReadonlyMap<string, Defined>;
}

type Pick = (item: Value) => Value;

function mapper(tables: Tables, args: Value[], kwargs: Kwargs, runtime: Runtime): Pick {
  const attribute = kwargs.get("attribute");
  if (args.length === 0 && attribute !== undefined) {
    const other = [...kwargs.keys()].find((key) => key !== "attribute" && key !== "default");
    if (other !== undefined) {
      throw new TemplateError("FilterArgumentError", `Unexpected keyword argument ${quote(other)}`);
    }
    return attributeGetter(attribute, runtime, undefined, kwargs.get("default") ?? null);
  }
  if (args.length === 0) throw new TemplateError("FilterArgumentError", "map requires a filter argument");
  const [name, ...rest] = args;
  return (item) => {
    const [found, filter] = findDefined("filter", tables.filters, name, runtime);
    return callDefined(found, filter, [item, ...rest], kwargs, runtime);
  };
}

function tester(
  tables: Tables,
  args: Value[],
  kwargs: Kwargs,
  byAttribute: boolean,
  runtime: Runtime,
): (item: Value) => boolean {
  let read: Pick = (item) => item;
  let given = args;
  if (byAttribute) {
    if (args.length === 0) {
      throw new TemplateError("FilterArgumentError", "Missing parameter for attribute name");
    }
    read = attributeGetter(args[0], runtime);
    given = args.slice(1);
  }
  if (given.length === 0) return (item) => truth(read(item));
  const [name, ...rest] = given;
  return (item) => {
    const value = read(item);
    const [found, test] = findDefined("test", tables.tests, name, runtime);
    return truth(callDefined(found, test, [value, ...rest], kwargs, runtime));
  };
}

/** A filter whose items are made when they are asked for. */
function lazy(
  name: string,
  items: (value: Value, args: Value[], kwargs: Kwargs, runtime: Runtime) => Generator<Value>,
): FreeFilter {
  return (args, kwargs, runtime) => {
    if (args.length === 0 || kwargs.has("value")) throw typeError(`${name}() needs one value`);
    const [value, ...rest] = args;
    return new Iter(items(value, rest, kwargs, runtime), "generator", name);
  };
}

function picking(tables: Tables, wanted: boolean, byAttribute: boolean): FreeFilter {
  return lazy("select_or_reject", function* (value, args, kwargs, runtime) {
    if (!truth(value)) return;
    const test = tester(tables, args, kwargs, byAttribute, runtime);
    for (const item of iterate(value)) {
      runtime.budget.step();
      if (test(item) === wanted) yield item;
    }
  });
}

/** The filters, by name. */
export function pickingFilters(tables: Tables): Readonly<Record<string, FreeFilter>> {
  return {
    map: lazy("sync_do_map", function* (value, args, kwargs, runtime) {
      if (!truth(value)) return;
      const change = mapper(tables, args, kwargs, runtime);
      for (const item of iterate(value)) {
        runtime.budget.step();
        yield change(item);
      }
    }),
    reject: picking(tables, false, false),
    rejectattr: picking(tables, false, true),
    select: picking(tables, true, false),
    selectattr: picking(tables, true, true),
  };
}

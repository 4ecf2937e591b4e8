// What a program finds in QuickJS besides the language: assertions, a console that says nothing.

/**
 * Defines `assert`, `console` and a `require` of assertions alone, so that a program cannot define them anew. Its value is a
 * function that tells an error in at most 300 characters, whatever the error is.
 */
export const PRELUDE = `(() => {
  "use strict";
  const { String, Object, Error, Map, Set, Date, RegExp } = globalThis;
  const { is, keys, getPrototypeOf, freeze, defineProperty } = Object;
  const { isArray } = Array;
  const { ownKeys, apply } = Reflect;
  const slice = String.prototype.slice;
  const hasOwn = Object.prototype.hasOwnProperty;
  const fail = (message, fallback) => { throw message instanceof Error ? message : new Error(message === undefined ? fallback : String(message)); };
  const same = (a, b, strict) => {
    if (strict ? is(a, b) : a == b || (a !== a && b !== b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (strict && getPrototypeOf(a) !== getPrototypeOf(b)) return false;
    if (isArray(a) !== isArray(b)) return false;
    if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
    if (a instanceof RegExp && b instanceof RegExp) return String(a) === String(b);
    if (a instanceof Map && b instanceof Map) return a.size === b.size && same([...a], [...b], strict);
    if (a instanceof Set && b instanceof Set) return a.size === b.size && same([...a], [...b], strict);
    const own = keys(a);
    if (own.length !== keys(b).length) return false;
    for (let i = 0; i < own.length; i++)
      if (!apply(hasOwn, b, [own[i]]) || !same(a[own[i]], b[own[i]], strict)) return false;
    return true;
  };
  const assert = (value, message) => { if (!value) fail(message, "an assertion is false"); };
  assert.ok = (value, message) => assert(value, message);
  assert.equal = (a, b, message) => { if (!(a == b || (a !== a && b !== b))) fail(message, "not equal"); };
  assert.notEqual = (a, b, message) => { if (a == b) fail(message, "equal"); };
  assert.strictEqual = (a, b, message) => { if (!is(a, b)) fail(message, "not strictly equal"); };
  assert.notStrictEqual = (a, b, message) => { if (is(a, b)) fail(message, "strictly equal"); };
  assert.deepEqual = (a, b, message) => { if (!same(a, b, false)) fail(message, "not deeply equal"); };
  assert.deepStrictEqual = (a, b, message) => { if (!same(a, b, true)) fail(message, "not deeply and strictly equal"); };
  assert.throws = (call, message) => {
    try { call(); } catch { return; }
    fail(typeof message === "string" ? message : undefined, "nothing was thrown");
  };
  assert.strict = assert;
  const silent = () => {};
  const console = freeze({ log: silent, error: silent, warn: silent, info: silent, debug: silent, assert });
  const require = (name) =>
    /^(node:)?assert(\\/strict)?$/.test(name) ? assert : fail(undefined, "there is no module " + name);
  for (const [name, value] of [["assert", freeze(assert)], ["console", console], ["require", freeze(require)]])
    defineProperty(globalThis, name, { value });
  return (error) => {
    try {
      const isError = typeof error === "object" && error !== null && "message" in error;
      const text = isError ? String(error.name) + ": " + String(error.message) : String(error);
      return apply(slice, text, [0, 300]);
    } catch {
      return "an error that does not say what it is";
    }
  };
})()`;

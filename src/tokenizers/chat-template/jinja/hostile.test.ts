// Templates that would hang or eat memory are refused, and long ones are read in linear time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { processorMs } from "../../../../test/processor-time.ts";
import { BaimoError } from "../../../errors.ts";
import { createChatTemplate } from "../chat-template.ts";

/** A tenth of what a template may spend: where an operation costs what it is charged, it ends in a tenth of the time. */
const limits = { steps: 500_000, memory: 12 * 2 ** 20, output: 6 * 2 ** 20 };
/** Of processor time. None takes a second; what is quadratic or not charged takes minutes. */
const LONGEST_MS = 5000;

/** What ends each: a limit, or words of another refusal. */
const BOUNDED: [what: string, source: string, ends: string][] = [
  [
    "nested ranges",
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "steps",
  ],
  [
    "macros that call themselves twice",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "steps",
  ],
  ["macros without an end", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "depth"],
  [
    "lists that double",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "memory",
  ],
  [
    "texts that double",
    "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "memory",
  ],
  [
    "lists that hold themselves twice, printed",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "steps",
  ],
  [
    "lists that hold themselves twice, as JSON",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
    "steps",
  ],
  [
    "lists that hold themselves twice, compared",
    "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
    "steps",
  ],
  [
    "tuples that hold themselves twice, as keys",
    "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
    "makes a key that is too large",
  ],
  [
    "lists nested without end",
    "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
    "nests too deep",
  ],
  ["repeated text", "{{ 'abcdefgh' * 999999999 }}", "memory"],
  ["wide fields", "{{ '%999999999d' % 1 }}", "memory"],
  ["wide fields of format", "{{ '{:999999999}'.format(1) }}", "memory"],
  ["precise numbers", "{{ '%.999999999f' % 1 }}", "memory"],
  ["padding", "{{ 'a'.ljust(9999999999) }}", "memory"],
  ["centred text", "{{ 'a' | center(9999999999) }}", "memory"],
  ["indented text", "{{ 'a\nb' | indent(9999999999) }}", "memory"],
  ["indented JSON", "{{ [1] | tojson(indent=9999999999) }}", "memory"],
  ["large powers", "{{ 9 ** 999999999 }}", "memory"],
  [
    "large products",
    "{% set ns = namespace(x=12345678901) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x }}",
    "memory",
  ],
  ["filled batches", "{{ [1] | batch(9999999999, 0) | list }}", "memory"],
  ["many slices", "{{ [1] | slice(9999999999) | list }}", "memory"],
  ["replaced text", "{{ ('a' * 1000000) | replace('', 'x' * 1000) }}", "memory"],
  ["joined text", "{{ range(100000) | join('x' * 100000) }}", "memory"],
  ["lists of ranges", "{% for i in range(100000) %}{% set x = range(100000) | list %}{% endfor %}", "memory"],
  ["blocks that call themselves", "{% block a %}{{ self.a() }}{% endblock %}", "depth"],
  ["recursive loops without an end", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "depth"],
  ["much output", "{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}", "output"],
  ["filler text", "{{ lipsum(9999999999) }}", "memory"],
  ["long conditions", everywhere(`{% if n${" + n".repeat(150)} %}{% endif %}`), "steps"],
  ["many assignments", everywhere("{% set x = 1 %}".repeat(100)), "steps"],
  [
    "long filters of loops",
    `{% set n = 0 %}{% for a in range(100000) if n${" + n".repeat(100)} %}{% endfor %}`.repeat(20),
    "steps",
  ],
  [
    "long defaults",
    `{% macro f(a=1${" + f.x".repeat(100)}) %}{% endmacro %}${"{% for i in range(100000) %}{{ f(1) }}{% endfor %}".repeat(20)}`,
    "steps",
  ],
  [
    "long texts compared",
    everywhere("{% if s == t %}{% endif %}", "{% set s = 'ab' * 1000000 %}{% set t = s[:-1] ~ 'c' %}"),
    "memory",
  ],
  [
    "long lists compared",
    everywhere("{% if x == y %}{% endif %}", "{% set x = [1] * 100000 %}{% set y = [1] * 100000 %}"),
    "steps",
  ],
  [
    "characters of two units",
    everywhere("{% if s[99999] == 'q' %}{% endif %}", "{% set s = '😀' ~ 'ab' * 100000 %}"),
    "memory",
  ],
  [
    "long texts looked through",
    everywhere("{% if s is upper %}{% endif %}", "{% set s = 'AB' * 1000000 %}"),
    "memory",
  ],
  ["long quotients", everywhere("{% if x // 3 %}{% endif %}", "{% set x = 7 ** 20000 %}"), "memory"],
  ["long numbers written", everywhere("{% if x | string %}{% endif %}", "{% set x = 7 ** 5000 %}"), "memory"],
  ["many powers", everywhere("{% if (n + 0.7) ** -60 %}{% endif %}".repeat(10)), "memory"],
  ["precise rounding", everywhere("{% if (n * 1.1) | round(300) %}{% endif %}"), "memory"],
  [
    "long bytes",
    everywhere("{% if s.upper() %}{% endif %}", "{% set s = ('a' * 300000).encode() %}"),
    "memory",
  ],
];

/** A body that runs five million times. */
function everywhere(body: string, before = ""): string {
  const loops = "{% set n = 3 %}{% for a in range(100000) %}{% for b in range(50) %}";
  return `${before}${loops}${body}{% endfor %}{% endfor %}`;
}

/** Does it within the bound of processor time. */
function soon<T>(work: () => T): T {
  const begun = processorMs();
  const result = work();
  const took = processorMs() - begun;
  assert.ok(took < LONGEST_MS, `it took ${took.toFixed(0)} ms of processor time`);
  return result;
}

describe("templates that spend too much", () => {
  const endsWith = (template: string, ends: string, given?: typeof limits) =>
    assert.throws(
      () => soon(() => createChatTemplate(template, { limits: given }).render({ messages: [] })),
      (error) =>
        error instanceof BaimoError &&
        error.code === "request" &&
        error.message.length < 500 &&
        error.message.includes(ends in limits || ends === "depth" ? `(the limit "${ends}")` : ends),
    );
  for (const [what, source, ends] of BOUNDED) it(what, () => endsWith(source, ends, limits));

  it("also by the limits that stand where nobody sets others", () => {
    for (const what of ["nested ranges", "texts that double", "much output", "macros without an end"]) {
      const [, source, ends] = BOUNDED.find(([name]) => name === what)!;
      endsWith(source, ends);
    }
  });
});

describe("texts that are nearly equal everywhere", () => {
  const most = "{% set s = 'a' * 1500000 %}{% set t = 'a' * 750000 %}";
  const FOUND: [what: string, source: string, expected: string][] = [
    ["find", "{{ s.find('b' ~ t) }} {{ s.rfind(t ~ 'b') }}", "-1 -1"],
    ["count and in", "{{ s.count('b' ~ t) }} {{ ('b' ~ t) in s }}", "0 False"],
    [
      "split and replace",
      "{{ s.split('b' ~ t) | length }} {{ s.replace('b' ~ t, '') | length }}",
      "1 1500000",
    ],
    ["partition", "{{ s.rpartition(t ~ 'b') | length }}", "3"],
    ["strip", "{{ s.strip('b' * 1500000 ~ 'a') }}", ""],
    ["wordwrap", "{{ s[:600000] | wordwrap(3) | length }}", "799999"],
  ];
  for (const [what, source, expected] of FOUND) {
    it(what, () =>
      assert.equal(
        soon(() => createChatTemplate(most + source).render({ messages: [] })),
        expected,
      ),
    );
  }
});

describe("long templates", () => {
  const blank = " ".repeat(2_000_000);
  const lines = "\n".repeat(300_000);
  const READ: [what: string, source: string, length: number][] = [
    ["2 MB of blanks in an expression", `{{${blank}1${blank}}}`, 1],
    ["2 MB of blanks in a statement", `{%${blank}if${blank}true${blank}%}x{%${blank}endif${blank}%}`, 1],
    ["300,000 lines before a tag", `${lines}{%- if true %}x{% endif %}`, 1],
    ["300,000 lines before an expression", `${lines}{{ 1 }}`, 300_001],
    ["300,000 lines with a blank each", `${" \n".repeat(300_000)}{{- 1 }}`, 1],
    ["2 MB of braces", "{ ".repeat(1_000_000), 2_000_000],
    ["200,000 comments", "{# x #}".repeat(200_000), 0],
    ["50,000 expressions", "{{ 1 }}".repeat(50_000), 50_000],
    ["a million openings in a raw block", `{% raw %}${"{% ".repeat(1_000_000)}{% endraw %}`, 3_000_000],
    ["50 MB of text", "x".repeat(50_000_000), 50_000_000],
  ];
  for (const [what, source, length] of READ) {
    it(what, () =>
      assert.equal(soon(() => createChatTemplate(source).render({ messages: [] })).length, length),
    );
  }

  const REFUSED: [what: string, source: string][] = [
    ["deep brackets", `{{ ${"(".repeat(100_000)}1${")".repeat(100_000)} }}`],
    ["deep statements", "{% if 1 %}".repeat(50_000)],
    ["deep signs", `{{ ${"-".repeat(100_000)}1 }}`],
    ["long chains", `{{ 1${" + 1".repeat(50_000)} }}`],
    ["half a million quotes", `{{ ${"'".repeat(499_999)} }}`],
    ["a long number", `{{ ${"1".repeat(2_000_000)} }}`],
    ["an open comment", `{# ${"x ".repeat(1_000_000)}`],
  ];
  for (const [what, source] of REFUSED) {
    it(`are refused: ${what}`, () => {
      assert.throws(
        () => soon(() => createChatTemplate(source)),
        (error) => error instanceof BaimoError && error.code === "format" && error.message.length < 500,
      );
    });
  }
});

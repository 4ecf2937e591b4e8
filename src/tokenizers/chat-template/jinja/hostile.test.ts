// Templates that would hang or eat memory are refused, and long ones are read in linear time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BaimoError } from "../../../errors.ts";
import { createChatTemplate } from "../chat-template.ts";

const BOUNDED: [what: string, source: string][] = [
  ["nested ranges", "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"],
  [
    "macros that call themselves twice",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
  ],
  ["macros without an end", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"],
  [
    "lists that double",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
  ],
  [
    "texts that double",
    "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
  ],
  [
    "lists that hold themselves twice, printed",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
  ],
  [
    "lists that hold themselves twice, as JSON",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
  ],
  [
    "lists that hold themselves twice, compared",
    "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
  ],
  [
    "tuples that hold themselves twice, as keys",
    "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
  ],
  [
    "lists nested without end",
    "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
  ],
  ["repeated text", "{{ 'abcdefgh' * 999999999 }}"],
  ["wide fields", "{{ '%999999999d' % 1 }}"],
  ["wide fields of format", "{{ '{:999999999}'.format(1) }}"],
  ["precise numbers", "{{ '%.999999999f' % 1 }}"],
  ["padding", "{{ 'a'.ljust(9999999999) }}"],
  ["centred text", "{{ 'a' | center(9999999999) }}"],
  ["indented text", "{{ 'a\nb' | indent(9999999999) }}"],
  ["indented JSON", "{{ [1] | tojson(indent=9999999999) }}"],
  ["large powers", "{{ 9 ** 999999999 }}"],
  [
    "large products",
    "{% set ns = namespace(x=12345678901) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x }}",
  ],
  ["filled batches", "{{ [1] | batch(9999999999, 0) | list }}"],
  ["many slices", "{{ [1] | slice(9999999999) | list }}"],
  ["replaced text", "{{ ('a' * 1000000) | replace('', 'x' * 1000) }}"],
  ["joined text", "{{ range(100000) | join('x' * 100000) }}"],
  ["lists of ranges", "{% for i in range(100000) %}{% set x = range(100000) | list %}{% endfor %}"],
  ["blocks that call themselves", "{% block a %}{{ self.a() }}{% endblock %}"],
  ["recursive loops without an end", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"],
  ["much output", "{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}"],
  ["filler text", "{{ lipsum(9999999999) }}"],
  ["long conditions", everywhere(`{% if n${" + n".repeat(150)} %}{% endif %}`)],
  ["many assignments", everywhere("{% set x = 1 %}".repeat(100))],
  ["long filters of loops", `{% for a in range(100000) if n${" + n".repeat(100)} %}{% endfor %}`.repeat(20)],
  [
    "long defaults",
    `{% macro f(a=1${" + f.x".repeat(100)}) %}{% endmacro %}${"{% for i in range(100000) %}{{ f(1) }}{% endfor %}".repeat(20)}`,
  ],
  [
    "long texts compared",
    everywhere("{% if s == t %}{% endif %}", "{% set s = 'ab' * 1000000 %}{% set t = s[:-1] ~ 'c' %}"),
  ],
  [
    "long lists compared",
    everywhere("{% if x == y %}{% endif %}", "{% set x = [1] * 100000 %}{% set y = [1] * 100000 %}"),
  ],
  [
    "characters of two units",
    everywhere("{% if s[99999] == 'q' %}{% endif %}", "{% set s = '😀' ~ 'ab' * 100000 %}"),
  ],
  ["long texts looked through", everywhere("{% if s is upper %}{% endif %}", "{% set s = 'AB' * 1000000 %}")],
  ["long quotients", everywhere("{% if x // 3 %}{% endif %}", "{% set x = 7 ** 20000 %}")],
  ["long numbers written", everywhere("{% if x | string %}{% endif %}", "{% set x = 7 ** 5000 %}")],
  ["many powers", everywhere("{% if (n + 0.7) ** -60 %}{% endif %}".repeat(10))],
  ["precise rounding", everywhere("{% if (n * 1.1) | round(300) %}{% endif %}")],
  ["long bytes", everywhere("{% if s.upper() %}{% endif %}", "{% set s = ('a' * 300000).encode() %}")],
];

/** A body that runs five million times. */
function everywhere(body: string, before = ""): string {
  const loops = "{% set n = 3 %}{% for a in range(100000) %}{% for b in range(50) %}";
  return `${before}${loops}${body}{% endfor %}{% endfor %}`;
}

const isRequest = (error: unknown) =>
  error instanceof BaimoError && error.code === "request" && error.message.length < 500;

describe("templates that spend too much", () => {
  for (const [what, source] of BOUNDED) {
    it(what, () => {
      const template = createChatTemplate(source);
      assert.throws(() => template.render({ messages: [] }), isRequest);
    });
  }
});

describe("texts that are nearly equal everywhere", () => {
  const most = "{% set s = 'a' * 3000000 %}{% set t = 'a' * 1500000 %}";
  const FOUND: [what: string, source: string, expected: string][] = [
    ["find", "{{ s.find('b' ~ t) }} {{ s.rfind(t ~ 'b') }}", "-1 -1"],
    ["count and in", "{{ s.count('b' ~ t) }} {{ ('b' ~ t) in s }}", "0 False"],
    [
      "split and replace",
      "{{ s.split('b' ~ t) | length }} {{ s.replace('b' ~ t, '') | length }}",
      "1 3000000",
    ],
    ["partition", "{{ s.rpartition(t ~ 'b') | length }}", "3"],
    ["strip", "{{ s.strip('b' * 3000000 ~ 'a') }}", ""],
    ["wordwrap", "{{ s | wordwrap(3) | length }}", "3999999"],
  ];
  for (const [what, source, expected] of FOUND) {
    it(what, () => assert.equal(createChatTemplate(most + source).render({ messages: [] }), expected));
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
    ["200,000 expressions", "{{ 1 }}".repeat(200_000), 200_000],
    ["a million openings in a raw block", `{% raw %}${"{% ".repeat(1_000_000)}{% endraw %}`, 3_000_000],
    ["50 MB of text", "x".repeat(50_000_000), 50_000_000],
  ];
  for (const [what, source, length] of READ) {
    it(what, () => assert.equal(createChatTemplate(source).render({ messages: [] }).length, length));
  }

  const REFUSED: [what: string, source: string][] = [
    ["deep brackets", `{{ ${"(".repeat(100_000)}1${")".repeat(100_000)} }}`],
    ["deep statements", "{% if 1 %}".repeat(100_000)],
    ["deep signs", `{{ ${"-".repeat(100_000)}1 }}`],
    ["long chains", `{{ 1${" + 1".repeat(200_000)} }}`],
    ["a million quotes", `{{ ${"'".repeat(999_999)} }}`],
    ["a long number", `{{ ${"1".repeat(2_000_000)} }}`],
    ["an open comment", `{# ${"x ".repeat(1_000_000)}`],
  ];
  for (const [what, source] of REFUSED) {
    it(`are refused: ${what}`, () => {
      assert.throws(
        () => createChatTemplate(source),
        (error) => error instanceof BaimoError && error.code === "format" && error.message.length < 500,
      );
    });
  }
});

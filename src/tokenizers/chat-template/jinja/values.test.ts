// Methods of numbers and bytes, and constants, give what Jinja2 3.1.6 gives on Python 3.11.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createChatTemplate } from "../chat-template.ts";

const VARIABLES = { n: 3, f: 2.5, s: "Hello, World" };
const render = (source: string) => createChatTemplate(source).render({ messages: [], variables: VARIABLES });

const CASES: [source: string, expected: string][] = [
  // Bytes.
  ["{{ s.encode().upper() }} {{ s.encode().title() }}", "b'HELLO, WORLD' b'Hello, World'"],
  ["{{ 'ß a'.encode().upper() }}", "b'\\xc3\\x9f A'"],
  ["{{ s.encode().split(','.encode()) }}", "[b'Hello', b' World']"],
  ["{{ s.encode().find(108) }} {{ s.encode().count('l'.encode()) }}", "2 3"],
  ["{{ s.encode().center(16) }}", "b'  Hello, World  '"],
  ["{{ 'ab'.encode().hex() }} {{ 'abc'.encode().hex('-') }}", "6162 61-62-63"],
  ["{{ 'a\\x0bb\\nc'.encode().splitlines() }}", "[b'a\\x0bb', b'c']"],
  ["{{ 'ab'.encode().translate(none, 'a'.encode()) }}", "b'b'"],
  ["{{ 'a'.encode('utf-16') }} {{ 'é'.encode('latin-1') }}", "b'\\xff\\xfea\\x00' b'\\xe9'"],
  ["{{ 'é😀'.encode('ascii', 'backslashreplace') }}", "b'\\\\xe9\\\\U0001f600'"],
  ["{{ 'é'.encode('ascii', 'xmlcharrefreplace') }}", "b'&#233;'"],
  ["{{ 'é'.encode('utf-16').decode('utf-16') }}", "é"],
  // Numbers.
  ["{{ n.to_bytes(2, 'big') }} {{ (-2).to_bytes(2, 'little', signed=true) }}", "b'\\x00\\x03' b'\\xfe\\xff'"],
  ["{{ n.from_bytes([1, 2], 'big') }} {{ n.bit_length() }}", "258 2"],
  ["{{ f.hex() }} {{ f.fromhex('0x1.8p1') }} {{ f.as_integer_ratio() }}", "0x1.4000000000000p+1 3.0 (5, 2)"],
  ["{{ 1e16 ** -2 }} {{ 10 ** -5 }}", "1e-32 1e-05"],
  ["{{ -7 // 2 }} {{ -7 % 2 }} {{ 7 % -2 }} {{ 0 // -5 }}", "-4 1 -1 0"],
  ["{{ '{:.3}'.format((-2) ** 0.5) }}", "(8.66e-17+1.41j)"],
  ["{{ '{:#}'.format(1e16) }}", "1.e+16"],
  // Constants are written as Python source, brackets left out.
  ["{{ -2 ** n }} {{ (-2) ** n }} {{ (1 - 3) ** 2 }} {{ -n ** 2 }}", "-8 -8 4 9"],
  ["{{ -2 ** (n - 1) }} {{ (1 - 3) ** (n - 1) }} {{ -1.5 ** (n - 1) }}", "-4 -4 -2.25"],
  ["{{ 1e999 }} {{ [1][2:] }} {{ 5[1:] }}|", "inf [] |"],
  ["{{ dict.a }} {{ dict.fromkeys('ab') }}", "dict['a'] {'a': None, 'b': None}"],
];

describe("values of templates", () => {
  for (const [source, expected] of CASES) it(source, () => assert.equal(render(source), expected));

  const failures: [source: string, message: RegExp][] = [
    ["{{ n + 1e999 }}", /name 'inf' is not defined/],
    ["{{ s.encode().find('l') }}", /a bytes-like object is required, not 'str'/],
    ["{{ 'é'.encode('ascii') }}", /'ascii' codec can't encode character '\\xe9' in position 0/],
    ["{{ (300).to_bytes(1) }}", /int too big to convert/],
    ["{{ dict.update({}) }}", /access to attribute 'update' of 'type' object is unsafe/],
    ["{{ '' * 2 ** 70 }}", /cannot fit 'int' into an index-sized integer/],
    ["{{ '%(a)*d' % {'a': 1} }}", /not enough arguments/],
  ];
  for (const [source, message] of failures) {
    it(`refuses ${source}`, () => assert.throws(() => render(source), message));
  }
});

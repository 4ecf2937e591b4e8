// Templates from public reports, with the texts that Jinja2 3.1 makes of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createChatTemplate } from "../chat-template.ts";

const MESSAGES = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Wie spät ist es?" },
  {
    role: "assistant",
    content: null,
    tool_calls: [
      { type: "function", function: { name: "get_time", arguments: { tz: "Zürich", id: 7, p: 1e-7 } } },
    ],
  },
  { role: "tool", name: "get_time", content: "12:30" },
  { role: "assistant", content: "<think>\nhm\n</think>\n\nHalb eins." },
];

const CASES: [report: string, source: string, expected: string][] = [
  [
    "unslothai/unsloth#7731: line ends of Windows are line ends",
    "{% for m in messages[:1] %}\r\n<|{{ m.role }}|>\r\n{{ m.content }}\r\n{% endfor %}\r\n<|end|>\r\n\r\n",
    "<|system|>\nBe brief.\n<|end|>\n",
  ],
  [
    "kekzl/imp#1565: raw, with and the + of whitespace control",
    "{% raw %}{{ kept }}{% endraw %}\n{% with who = messages[1].role, n = 2 %}{{ who }}{{ n }}{% endwith %}\n  {%+ if true +%}\n x{% endif %}",
    "{{ kept }}user2  \n x",
  ],
  [
    "kekzl/imp#2016: tuples of one, and as JSON",
    "{% for m in messages %}{% if m.role in ('user',) %}{{ m.content }}{% endif %}{% endfor %}{{ ('a', 'b')|tojson }}",
    'Wie spät ist es?["a", "b"]',
  ],
  [
    "mitsuhiko/minijinja#220: number literals",
    "{{ 1e3 }} {{ 2.5e-3 }} {{ 1_000 + 1 }}",
    "1000.0 0.0025 1001",
  ],
  [
    "earendil-works/pi#8943: numbers as Python's JSON writes them",
    "{{ messages[2].tool_calls[0].function.arguments|tojson }} {{ 1.0|tojson }} {{ [2512292042121000001]|tojson }}",
    '{"tz": "Zürich", "id": 7, "p": 1e-07} 1.0 [2512292042121000001]',
  ],
  [
    "chained comparisons",
    "{% if 0 < messages|length < 3 %}few{% else %}many{% endif %} {{ 3 > 2 > 1 }} {{ 1 == 1 != 2 }}",
    "many True True",
  ],
  [
    "format specifications",
    "{{ '{:>5}|{:.2f}|{:,}|{!r}'.format('a', 1.239, 1234567, 'q') }} {{ '%x %+d'|format(255, 7) }} {{ '%(a)s' % {'a': 1} }}",
    "    a|1.24|1,234,567|'q' ff +7 1",
  ],
  [
    "huggingface/huggingface.js#484: title begins words after space, - and brackets only",
    "{{ messages[2].tool_calls[0].function.name|title }} {{ \"it's o'clock (now)\"|title }}",
    "Get_time It's O'clock (Now)",
  ],
  [
    "huggingface/transformers.js#1724: a generation block is a block of its own",
    "{% for m in messages if m.role == 'user' %}{% generation %}{% set z = 1 %}{{- m.content -}}{% endgeneration %}\n\n<end>{{ z is defined }}{% endfor %}",
    "Wie spät ist es?\n<end>False",
  ],
  ["keys of JSON that are no texts", "{{ {512: 128, 'a': 1}|tojson }}", '{"512": 128, "a": 1}'],
  [
    "filters and globals",
    "{% for g in messages|groupby('role') %}{{ g.grouper }}{{ g.list|length }}{% endfor %}{% for b in messages|batch(2) %}{{ b|length }}{% endfor %}{% set d = dict(a=1) %}{{ d.a }}{% set j = joiner(',') %}{{ j() }}x{{ j() }}y{{ 'a=b'.partition('=')[2] }}",
    "assistant2system1tool1user12211x,yb",
  ],
];

describe("templates from public reports", () => {
  for (const [report, source, expected] of CASES) {
    it(report, () => assert.equal(createChatTemplate(source).render({ messages: MESSAGES }), expected));
  }
});

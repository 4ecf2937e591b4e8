// Chat templates: renders, refusals, tools, dates, ChatML.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { CHATML_TEMPLATE, createChatTemplate } from "./chat-template.ts";
import { strftime } from "./jinja/strftime.ts";

const render = (source: string, variables: Record<string, unknown> = {}) =>
  createChatTemplate(source).render({ messages: [], variables });

// What Jinja2 3.1 with transformers' environment prints, by its documentation and source.
const CASES: [source: string, expected: string, variables?: Record<string, unknown>][] = [
  [
    "{{ none }} {{ true }} {{ 1.5 }} {{ ['a', 1, none] }} {{ {'k': \"it's\"} }}",
    "None True 1.5 ['a', 1, None] {'k': \"it's\"}",
  ],
  [
    "{{ xs | map('upper') | join(',') }} {{ xs | map('tojson') | list }}",
    "A,B ['\"a\"', '\"b\"']",
    { xs: ["a", "b"] },
  ],
  [
    "{% set x = 0 %}{% for i in [1,2,3] %}{{ x }}{% set x = i %}{% if i == 2 %}a{% continue %}{% endif %}b{% endfor %}{{ x }}",
    "0b0a0b0",
  ],
  ["{% for i in [1,2,3] %}{{ i }}{% if i == 2 %}{% break %}{% endif %},{% endfor %}", "1,2"],
  ["{{ 'a' is in ['a','b'] }} {{ 4 is divisibleby 2 }} {{ 4 is divisibleby(3) }}", "True True False"],
  ["{{ 'a' is not equalto('b') and true }}", "True"],
  ["{{ ' xx-a-xx '.strip().strip('x') }} {{ '\\n a\\n'.rstrip('\\n') }}|", "-a- \n a|"],
  [
    "{{ 'a,b,c'.rsplit(',', 1) }} {{ 'hello world' | title }} {{ 'ABC' | capitalize }}",
    "['a,b', 'c'] Hello World Abc",
  ],
  [
    "{% macro f(a, b=2) %}{{ a }}-{{ b }}-{{ caller() if caller else '' }}{% endmacro %}{{ f(1) }}{% call f(3, b=4) %}x{% endcall %}",
    "1-2-3-4-x",
  ],
  ["{% macro f() %}{{ v }}{% endmacro %}{% for v in [1] %}[{{ f() }}]{% endfor %}", "[]"],
  [
    "{{ x['items'] }}|{% for k, v in x.items() %}{{ k }}={{ v }};{% endfor %}",
    "1|items=1;b=2;",
    { x: { items: 1, b: 2 } },
  ],
  [
    "{% for c in 'ab' %}{{ loop.index }}{{ c }}{% endfor %}{% for t in absent %}x{% else %}none{% endfor %}",
    "1a2bnone",
  ],
  [
    "{{ [] == [] }} {{ '1' == 1 }} {{ absent == none }} {{ -3 % 2 }} {{ 'x' * 3 }} {{ 7 // 2 }}",
    "True False False 1 xxx 3",
  ],
  [
    "{{ [1,2,3][::-1] }} {{ 'héllo'[1] }} {{ x | default('d') }} {{ '' | default('e', true) }}",
    "[3, 2, 1] é d e",
  ],
  [
    "{{ x | tojson }}",
    '{"a": [1, 2.5, "é\\"\\n<b>"], "b": null, "d": {}}',
    { x: { a: [1, 2.5, 'é"\n<b>'], b: null, d: {} } },
  ],
  ["{{ '%s-%d' % ('a', 3) }} {{ 'a{}b'.format(1) }} {{ 'a' ~ none ~ 1 }}", "a-3 a1b aNone1"],
  [
    "{{ ms | selectattr('role', 'in', ['a', 'b']) | list | length }}",
    "1",
    { ms: [{ role: "a" }, { role: "c" }] },
  ],
  [
    "{{ ms | rejectattr('role', 'equalto', 'a') | map(attribute='role') | join }}",
    "c",
    { ms: [{ role: "a" }, { role: "c" }] },
  ],
  [
    "{% set ns = namespace(f=false) %}{% for x in [1,2] %}{% set ns.f = x == 2 %}{% endfor %}{{ ns.f }}",
    "True",
  ],
  [
    "{{ none | trim }} {{ [{'type': 'text', 'text': 'a\\n\u200d'}] | trim }}",
    "None [{'type': 'text', 'text': 'a\\n\\u200d'}]",
  ],
  ["  {% if true %}\n  a\n  {% endif %}\nb\n", "  a\nb"],
  [
    "{% set d = {0: 0, 512: 128, 'k': 1} %}{{ d[512] }} {{ d.get(0) }} {{ 512 in d }} {{ d }}{% for k, v in {2: 'b', 1: 'a'} | dictsort %} {{ k + 1 }}{{ v }}{% endfor %}",
    "128 0 True {0: 0, 512: 128, 'k': 1} 2a 3b",
  ],
  ["{% generation %}hi{% endgeneration %}", "hi"],
];

describe("chat templates", () => {
  for (const [source, expected, variables] of CASES) {
    it(source.slice(0, 90), () => assert.equal(render(source, variables), expected));
  }

  const failures: [source: string, message: RegExp][] = [
    ["{{ raise_exception('no ' + 'way') }}", /^no way$/],
    ["{{ messages[0].role }}", /list object has no element 0 \(line 1\)$/],
    ["\n{{ 'a' + [1] }}", /can only concatenate str \(not "list"\) to str \(line 2\)$/],
    ["{{ 'a' + none }}", /can only concatenate str \(not "NoneType"\) to str/],
    ["{{ 'a' in none }}", /argument of type 'NoneType' is not iterable/],
    ["{{ absent | tojson }}", /Object of type Undefined is not JSON serializable/],
    ["{% for a, b in [[1]] %}{% endfor %}", /not enough values to unpack \(expected 2, got 1\)/],
    ["{{ 'ab' * 99999999 }}", /makes too much/],
    ["{{ range(99999999) }}", /Range too big/],
    ["{{ [].append(1) }}", /access to attribute 'append' of 'list' object is unsafe/],
  ];
  for (const [source, message] of failures) {
    it(`refuses ${source}`, () =>
      assert.throws(
        () => render(source),
        (error) => error instanceof BaimoError && error.code === "request" && message.test(error.message),
      ));
  }

  it("that are no Jinja are a format error", () => {
    assert.throws(
      () => createChatTemplate("{% if %}"),
      (error) => error instanceof BaimoError && error.code === "format",
    );
  });

  it("see special tokens, tools, the generation prompt and variables", () => {
    const template = createChatTemplate(
      "{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ tools is none }}{{ add_generation_prompt }}{{ enable_thinking }}",
      { bosToken: "<s>", eosToken: "</s>", specialTokens: { unk_token: "<unk>" } },
    );
    const options = { messages: [], variables: { enable_thinking: false } };
    assert.equal(template.render(options), "<s></s><unk>TrueTrueFalse");
    assert.equal(
      template.render({ ...options, tools: [{}], addGenerationPrompt: false }),
      "<s></s><unk>FalseFalseFalse",
    );
  });

  it("have no further variable with the name of what they are given anyway", () => {
    const template = createChatTemplate("{{ bos_token }}", { bosToken: "<s>" });
    const given = ["messages", "tools", "documents", "add_generation_prompt", "continue_final_message"];
    for (const name of given) {
      assert.throws(
        () => template.render({ messages: [], variables: { [name]: null } }),
        (error) =>
          error instanceof BaimoError &&
          error.option === `variables.${name}` &&
          /is not a variable of the template's own; give it as the option \w+$/.test(error.message),
      );
    }
    // As in transformers, where "kwargs overwrite special tokens".
    assert.equal(template.render({ messages: [], variables: { bos_token: "" } }), "");
  });

  it("tell the date that they are given", () => {
    const now = new Date(2025, 2, 4, 15, 9, 6);
    const template = createChatTemplate("{{ strftime_now('%d %b %Y, %H:%M') }}");
    assert.equal(template.render({ messages: [], now }), "04 Mar 2025, 15:09");
    assert.equal(strftime(now, "%A %B %-d %j %I%p %y%%"), "Tuesday March 4 063 03PM 25%");
  });

  it("ChatML", () => {
    const messages = [{ role: "user", content: "你好" }];
    assert.equal(
      createChatTemplate(CHATML_TEMPLATE).render({ messages }),
      "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  it("see documents", () => {
    const template = createChatTemplate(
      "{% for d in documents or [] %}{{ d.title }}: {{ d.text }}{% endfor %}{{ documents is none }}",
    );
    const documents = [{ title: "t", text: "x" }];
    assert.equal(template.render({ messages: [], documents }), "t: xFalse");
    assert.equal(template.render({ messages: [] }), "True");
  });

  it("take limits", () => {
    const template = createChatTemplate("{% for i in range(1000) %}x{% endfor %}", {
      limits: { output: 10 },
    });
    assert.throws(
      () => template.render({ messages: [] }),
      /writes too much: more than 10 \(the limit "output"\)/,
    );
  });

  it("see nothing of prototypes", () => {
    const source =
      "{{ x.constructor is defined }}{{ x.__proto__ is defined }}{{ x.toString is defined }}{{ 'length' in x }}{{ x }}";
    assert.equal(render(source, { x: JSON.parse('{"a": 1}') }), "FalseFalseFalseFalse{'a': 1}");
    assert.equal(render("{{ x['__proto__'] }}", { x: JSON.parse('{"__proto__": {"y": 1}}') }), "{'y': 1}");
    assert.equal(render("{{ constructor is defined }}{{ toString is defined }}"), "FalseFalse");
  });
});

// The form is that of the model card of codellama/CodeLlama-70b-Instruct-hf.
it("Code Llama 70B's template names the source of every message and the destination of the last", () => {
  const template = createChatTemplate(
    "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}" +
      "{% if message['role'] not in ['system', 'user', 'assistant'] %}" +
      "{{ raise_exception('a role of another kind: ' + message['role']) }}{% endif %}" +
      "{{ 'Source: ' + message['role'] + '\\n\\n ' + message['content'] | trim + ' <step> ' }}{% endfor %}" +
      "{{ 'Source: assistant\\nDestination: user\\n\\n ' }}",
    { bosToken: "<s>" },
  );
  const messages = [
    { role: "system", content: "System prompt" },
    { role: "user", content: " First user query\n" },
    { role: "assistant", content: "Model response to first query" },
    { role: "user", content: "Second user query" },
  ];
  assert.equal(
    template.render({ messages, addGenerationPrompt: true }),
    "<s>Source: system\n\n System prompt <step> Source: user\n\n First user query <step> " +
      "Source: assistant\n\n Model response to first query <step> Source: user\n\n Second user query <step> " +
      "Source: assistant\nDestination: user\n\n ",
  );
  assert.throws(
    () => template.render({ messages: [{ role: "tool", content: "" }] }),
    /of another kind: tool/,
  );
});

describe("a rendering with generations", () => {
  it("says where the texts of generation blocks stand", () => {
    const template = createChatTemplate(
      "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}!{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    );
    const messages = [
      { role: "user", content: "q" },
      { role: "assistant", content: "one" },
      { role: "assistant", content: "two" },
    ];
    const { text, generations } = template.renderWithGenerations({ messages });
    assert.equal(text, "<user>q<assistant>one!<assistant>two!");
    assert.deepEqual(
      generations.map(([start, end]) => text.slice(start, end)),
      ["one!", "two!"],
    );
  });
});

describe("the final message continued", () => {
  const template = createChatTemplate(CHATML_TEMPLATE);
  const trimming = createChatTemplate("{% for m in messages %}[{{ m.content | trim }}]{% endfor %}");
  const messages = [
    { role: "user", content: "q" },
    { role: "assistant", content: "It is " },
  ];

  it("ends the text within it", () => {
    assert.equal(
      template.render({ messages, continueFinalMessage: true }),
      "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nIt is ",
    );
    assert.equal(trimming.render({ messages, continueFinalMessage: true }), "[q][It is");
  });

  it("goes for the last text of a content in parts, or another field", () => {
    const parts = createChatTemplate(
      "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}|{{ m.thinking }}.{% endfor %}",
    );
    const content = [{ type: "text", text: "a" }, { type: "image" }];
    assert.equal(parts.render({ messages: [{ content, thinking: "b" }], continueFinalMessage: true }), "a");
    assert.equal(
      parts.render({ messages: [{ content, thinking: "b" }], continueFinalMessage: "thinking" }),
      "a|b",
    );
  });

  const refused: [options: Parameters<typeof template.render>[0], message: RegExp][] = [
    [{ messages, addGenerationPrompt: true }, /not compatible/],
    [{ messages: [{ role: "assistant" }] }, /has no "content" to continue!/],
    [{ messages: [{ role: "assistant", x: "y" }], continueFinalMessage: "x y" }, /has no "x y" to continue!/],
    [{ messages: [{ role: "assistant", content: [] }] }, /could not find any text to continue/],
  ];
  for (const [options, message] of refused) {
    it(`is refused: ${message.source}`, () => {
      assert.throws(
        () => template.render({ continueFinalMessage: true, ...options }),
        (error) => error instanceof BaimoError && error.code === "request" && message.test(error.message),
      );
    });
  }

  it("is refused where the template drops it", () => {
    const dropping = createChatTemplate("{{ messages[0].content }}");
    assert.throws(
      () => dropping.render({ messages, continueFinalMessage: true }),
      /does not appear in the chat/,
    );
  });
});

// Earlier calls reach a chat template in the form that it reads.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createChatTemplate } from "../../tokenizers/index.ts";
import { inForms, messageForms } from "./message-forms.ts";

const each = (written: string) =>
  createChatTemplate(
    `{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}${written}{% endfor %}{% endfor %}`,
  );
const given = { city: "Xi'an", days: 2 };
const text = JSON.stringify(given);
const conversation = (argumentsOf: unknown) => [
  { role: "user", content: "u" },
  {
    role: "assistant",
    content: "",
    tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: argumentsOf } }],
  },
];

for (const [what, template, objects, expected] of [
  ["an object's JSON", each("{{ c.function.arguments | tojson }}"), true, '{"city": "Xi\'an", "days": 2}'],
  [
    "its fields",
    each("{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }};{% endfor %}"),
    true,
    "city=Xi'an;days=2;",
  ],
  ["text joined to text", each("{{ '<' + c.function.arguments + '>' }}"), false, `<${text}>`],
  ["text as it is", each("{{ c.function.arguments }}"), false, text],
] as const) {
  it(what, () => {
    const forms = messageForms(template);
    assert.equal(forms.objects, objects);
    for (const form of [given, text]) {
      const messages = inForms(forms, conversation(form));
      assert.equal(template.render({ messages }), `u${expected}`);
    }
  });
}

it("what is no JSON stays as it is", () => {
  const forms = { objects: true, nulls: true, parts: true };
  assert.deepEqual(inForms(forms, conversation("{")), conversation("{"));
  const [user] = inForms(forms, conversation("{}"));
  assert.deepEqual(user, { role: "user", content: "u" });
});

for (const [what, content, nulls] of [
  ["fails with null", "{% if '<' in message.content %}{% endif %}{{ message.content }}", false],
  ["writes null as None", "{{ message.content }}", false],
  [
    "tells calls from text by null",
    "{% if message.content is not none %}{{ message.content }}{% endif %}",
    true,
  ],
] as const) {
  it(`content that is null is empty where a template ${what}`, () => {
    const calls = "{% for c in message.tool_calls or [] %}{{ c.function.name }}{% endfor %}";
    const template = createChatTemplate(`{% for message in messages %}${content}${calls}{% endfor %}`);
    const forms = messageForms(template);
    assert.equal(forms.nulls, nulls);
    const messages = conversation("{}").map((each) => (each.tool_calls ? { ...each, content: null } : each));
    const [, call] = inForms(forms, messages);
    assert.equal(call.content, nulls ? null : "");
    assert.doesNotMatch(template.render({ messages: inForms(forms, messages) }), /None/);
  });
}

for (const [what, content, expected] of [
  ["that takes a string", "{{ message.content }}", "a\nb"],
  ["that reads them", "{% for part in message.content %}{{ part.text }}{% endfor %}", "ab"],
]) {
  it(`parts of text in a template ${what}`, () => {
    const template = createChatTemplate(`{% for message in messages %}${content}{% endfor %}`);
    const parts = ["a", "b"].map((text) => ({ type: "text", text }));
    const messages = inForms(messageForms(template), [{ role: "user", content: parts }]);
    assert.equal(template.render({ messages }), expected);
  });
}

// Earlier calls reach a chat template in the form that it reads.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createChatTemplate } from "../../tokenizers/index.ts";
import { readsObjects, withArguments } from "./call-arguments.ts";

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
    assert.equal(readsObjects(template), objects);
    for (const form of [given, text]) {
      const messages = withArguments(conversation(form), objects);
      assert.equal(template.render({ messages }), `u${expected}`);
    }
  });
}

it("what is no JSON stays as it is", () => {
  assert.deepEqual(withArguments(conversation("{"), true), conversation("{"));
  const [user] = withArguments(conversation("{}"), true);
  assert.deepEqual(user, { role: "user", content: "u" });
});

// Chat templates: times of compiling and rendering. Usage: node bench/chat-templates.mjs [FOLDER]
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createChatTemplate } from "../dist/src/tokenizers/index.js";

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, "../../shared/fixtures/chat-templates"));
const messages = Array.from({ length: 20 }, (_, i) => ({
  role: i % 2 === 0 ? "user" : "assistant",
  content: `Message ${i}: ${"what is the time in Zürich, and what in Tokyo? ".repeat(8)}`,
}));

const tools = [
  {
    type: "function",
    function: {
      name: "get_time",
      description: "The time somewhere.",
      parameters: {
        type: "object",
        properties: { place: { type: "string", description: "Where." } },
        required: ["place"],
      },
    },
  },
];

/** The median time of a call in milliseconds. */
function median(run) {
  for (let i = 0; i < 100; i++) run();
  const times = Array.from({ length: 201 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[100];
}

console.log(`${"template".padEnd(52)} compile ms  render ms (20 messages)`);
for (const name of readdirSync(folder).sort()) {
  const source = readFileSync(join(folder, name, "template.jinja"), "utf8");
  const { variables } = JSON.parse(readFileSync(join(folder, name, "renders.json"), "utf8"));
  const template = createChatTemplate(source, { specialTokens: variables });
  const compile = median(() => createChatTemplate(source));
  const render = median(() => template.render({ messages, tools }));
  console.log(`${name.padEnd(52)} ${compile.toFixed(3).padStart(10)} ${render.toFixed(3).padStart(10)}`);
}
const text = "x".repeat(50_000_000);
const start = performance.now();
createChatTemplate(text);
console.log(`50 MB of text compiled in ${Math.round(performance.now() - start)} ms`);

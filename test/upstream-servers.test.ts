// Three processes: two servers of our own behind one name of a third, and one killed under load.
import assert from "node:assert/strict";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { test } from "node:test";
import { start, tiny } from "./baimo.ts";

const KEY = "sk-planted-0123456789";

interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly url: string;
  /** All that it has written. */
  readonly said: () => string;
}

function serve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = start(["serve", ...args, "--port", "0", "--json"], env);
  return new Promise((resolve, reject) => {
    let line = "";
    let said = "";
    child.stdout.on("data", (data) => {
      said += data;
      line += data;
      if (!line.endsWith("\n")) return;
      const { url, error } = JSON.parse(line);
      if (error) reject(new Error(error.message));
      else resolve({ child, url, said: () => said });
    });
    child.stderr.on("data", (data) => (said += data));
    child.once("close", () => reject(new Error(`the server ended: ${said}`)));
  });
}

test("kill -9 of one loses only the streams that it carried", async () => {
  const behind = () => serve([tiny, "--name", "giant", "--threads", "1"]);
  const servers = await Promise.all([behind(), behind()]);
  const upstreams = servers.flatMap(({ url }) => ["--upstream", `giant=${url}/v1`]);
  const key = ["--upstream-key", "GIANT_KEY", "--log", "texts"];
  const gateway = await serve([...upstreams, ...key], { GIANT_KEY: KEY });
  const answered: string[] = [];

  const ask = async () => {
    const body = {
      model: "giant",
      prompt: "Tell me of the sea.",
      max_tokens: 200,
      temperature: 0,
      stream: true,
    };
    const headers = { "content-type": "application/json" };
    const url = `${gateway.url}/v1/completions`;
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    const reader = response.body!.getReader();
    const first = await reader.read();
    return { status: response.status, reader, first: new TextDecoder().decode(first.value) };
  };
  /** Whether an answer came whole. */
  const isWhole = async ({ reader, first, status }: Awaited<ReturnType<typeof ask>>) => {
    let text = first;
    for (let next = await reader.read(); !next.done; next = await reader.read())
      text += new TextDecoder().decode(next.value);
    answered.push(text);
    return status === 200 && text.endsWith("data: [DONE]\n\n");
  };

  const answers = await Promise.all(Array.from({ length: 6 }, ask));
  servers[0].child.kill("SIGKILL");
  const whole = await Promise.all(answers.map(isWhole));
  const lost = whole.filter((each) => !each).length;
  assert.ok(lost <= 3, `${lost} of 6 streams were lost, but one server carried 3`);

  const later = await Promise.all(Array.from({ length: 6 }, async () => isWhole(await ask())));
  assert.deepEqual(later, Array(6).fill(true));
  const { data } = await (await fetch(`${gateway.url}/v1/models`)).json();
  const [{ id, state, capabilities }] = data;
  // Its model has no chat template.
  assert.deepEqual([id, state, capabilities.chat, capabilities.completions], ["giant", "ready", false, true]);
  const { queue } = await (await fetch(`${gateway.url}/health`)).json();
  assert.equal(queue.active, 0);
  assert.doesNotMatch(answered.join("") + gateway.said(), new RegExp(KEY));
  gateway.child.kill();
  servers[1].child.kill();
});

test("a key that is not in the environment stops the start", async () => {
  const args = ["--upstream", "giant=https://models.example/v1", "--upstream-key", "GIANT_KEY"];
  await assert.rejects(
    serve(args),
    /models\[giant\]: its key is to be in the environment variable GIANT_KEY/,
  );
});

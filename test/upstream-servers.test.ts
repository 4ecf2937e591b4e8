// Two servers of our own behind one upstream's name: what they can do, and one killed under load.
import assert from "node:assert/strict";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { test } from "node:test";
import { BaimoError } from "../src/errors.ts";
import type { UpstreamEvent } from "../src/upstream/read-answer.ts";
import { openUpstream } from "../src/upstream/upstream.ts";
import { start, tiny } from "./baimo.ts";

function urlOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = "";
    let said = "";
    child.stdout.on("data", (data) => {
      line += data;
      if (line.endsWith("\n")) resolve(JSON.parse(line).url);
    });
    child.stderr.on("data", (data) => (said += data));
    child.once("close", () => reject(new Error(`the server ended: ${said}`)));
  });
}

/** Whether an answer came whole; what it lacks is the endpoint's doing. */
async function isWhole(events: AsyncGenerator<UpstreamEvent>): Promise<boolean> {
  try {
    let last: UpstreamEvent | undefined;
    for await (const event of events) last = event;
    return last?.type === "finish";
  } catch (error) {
    assert.ok(error instanceof BaimoError && error.code === "upstream", String(error));
    return false;
  }
}

test("kill -9 of one loses only the streams that it carried", async () => {
  const serve = () => start(["serve", tiny, "--name", "giant", "--port", "0", "--json", "--threads", "1"]);
  const servers = [serve(), serve()];
  const endpoints = (await Promise.all(servers.map(urlOf))).map((url) => ({ url: `${url}/v1` }));
  const upstream = await openUpstream({ endpoints, model: "giant" });
  const { chat, completions, echoLogprobs } = upstream.capabilities;
  assert.deepEqual([chat, completions, echoLogprobs], [false, true, true]); // it has no chat template

  const ask = () => upstream.complete("Tell me of the sea.", { maxTokens: 200, temperature: 0 });
  const answers = Array.from({ length: 6 }, ask);
  await Promise.all(answers.map((answer) => answer.next()));
  servers[0].kill("SIGKILL");
  const whole = await Promise.all(answers.map(isWhole));
  const lost = whole.filter((each) => !each).length;
  assert.ok(lost <= 3, `${lost} of 6 streams were lost, but one server carried 3`);

  const later = await Promise.all(Array.from({ length: 6 }, ask).map(isWhole));
  assert.deepEqual(later, Array(6).fill(true));
  assert.equal(
    upstream.load.every(({ active }) => active === 0),
    true,
  );
  servers[1].kill();
});

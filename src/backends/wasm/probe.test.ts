// The thread probe runs whatever types of weights a model has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { busBytes } from "../bus.ts";
import { compileBuild } from "./kernels.ts";
import { createProbe } from "./probe-run.ts";

test("a model of other weights than the probe's is probed", async () => {
  const operations = {} as Parameters<typeof compileBuild>[0]["operations"]; // compiling asks for weights alone
  const { module } = await compileBuild({ samples: [], operations, cacheType: "F16" });
  const probe = createProbe({ module, replaced: [], converted: [] });
  const bus = new SharedArrayBuffer(busBytes({ ranks: 1, words: 0, floats: 0 }));
  const choice = { module, replaced: [], converted: [] };
  const { productsMs, bytes } = probe({ type: "probe", choice, bus, rank: 0, ranks: 1 });
  assert.ok(productsMs >= 0 && bytes > 0);
});

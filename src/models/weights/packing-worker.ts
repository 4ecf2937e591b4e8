// A quantising thread: values in, blocks out.
import { ownThread } from "../../backends/threads.ts";
import { BaimoError } from "../../errors.ts";
import { quantize } from "../../formats/blocks/quantize.ts";
import type { FromPacker, ToPacker } from "./packing-threads.ts";

const thread = await ownThread();
thread.listen((posted) => {
  const { id, type, values, importance } = posted as ToPacker; // what packing-threads.ts posts
  const answer = (message: FromPacker) => thread.postMessage(message);
  try {
    answer({ id, blocks: quantize(type, values, { importance }) });
  } catch (error) {
    const code = error instanceof BaimoError ? error.code : "device";
    answer({ id, error: { code, message: error instanceof Error ? error.message : String(error) } });
  }
});

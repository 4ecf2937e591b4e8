// What the ranks beside rank 0 do: the same calls of the model, command by command.
import type { Bus } from "../backends/bus.ts";
import type { Transformer } from "../models/forward/model.ts";
import { encode, forward, headOf, statesOf } from "../models/forward/transformer.ts";
import { receiveCommand } from "./commands.ts";

/** Follows rank 0's commands until the bus is poisoned. Blocks the thread. */
export function follow(model: Transformer, bus: Bus): never {
  for (;;) {
    const command = receiveCommand(bus);
    switch (command.kind) {
      case "forward":
        forward(model, command.tokens, command.runs);
        break;
      case "logits":
        headOf(model, command.rows);
        break;
      case "states":
        statesOf(model, command.rows);
        break;
      case "encode":
        encode(model, command.tokens);
        break;
      case "copy":
        model.backend.copyPage(model.caches.decoder, command.from, command.to);
        break;
    }
  }
}

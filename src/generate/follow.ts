// What the ranks beside rank 0 do: the same calls of the model, command by command.
import type { Bus } from "../backends/bus.ts";
import type { Transformer } from "../models/forward/model.ts";
import { encode, forward, headOf, statesOf } from "../models/forward/transformer.ts";
import { receiveCommand } from "./commands.ts";
import { summariesOf } from "./head-summaries.ts";

/** The bytes are rank 0's. */
const NOTHING = new Uint8Array(0);

/** Follows rank 0's commands, and blocks the thread, until a message must be let in. @throws {BaimoError} when the bus is poisoned */
export function follow(model: Transformer, bus: Bus): void {
  for (;;) {
    const command = receiveCommand(bus);
    switch (command.kind) {
      case "forward":
        forward(model, command.tokens, command.runs);
        break;
      case "logits":
        headOf(model, command.rows);
        break;
      case "summaries":
        summariesOf(model, bus, command.rows, command.wishes);
        break;
      case "collect":
        model.backend.collect(model.workspace.logits!); // there, since it has been computed
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
      case "copy-state":
        model.backend.copyState(model.caches.delta!, command.from, command.to);
        break;
      case "read-page":
        model.backend.readPage(model.caches.decoder, command.at);
        break;
      case "write-page":
        model.backend.writePage(model.caches.decoder, command.at, NOTHING);
        break;
      case "read-state":
        model.backend.readState(model.caches.delta!, command.at);
        break;
      case "write-state":
        model.backend.writeState(model.caches.delta!, command.at, NOTHING);
        break;
      case "adapter":
        return;
    }
  }
}

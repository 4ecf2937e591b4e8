// A progress bar on standard error, only where that is a terminal.
import { displayWidth, fitWidth, formatBytes, formatSeconds } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** How far a piece of work is; total 0: not known. */
export interface ProgressState {
  label: string;
  done: number;
  total: number;
  unit?: "bytes" | "items";
}

/** Shows how far a long piece of work is. */
export interface Progress {
  update(state: ProgressState): void;
  /** Removes the bar. */
  clear(): void;
}

/** Time between two drawings, in milliseconds. */
const INTERVAL = 80;
/** Work that is over sooner than this shows no bar. */
const PATIENCE = 250;

/** Makes a progress bar; it draws nothing where nobody looks. */
export function createProgress(terminal: Terminal): Progress {
  if (!terminal.showsProgress) return { update() {}, clear() {} };
  const created = performance.now();
  let drawn = 0;
  let shown = false;
  let label = "";
  let started = { at: created, done: 0 };
  let waiting: NodeJS.Timeout | undefined;
  const draw = (state: ProgressState) => {
    const now = performance.now();
    drawn = now;
    shown = true;
    const rate = (state.done - started.done) / Math.max((now - started.at) / 1000, 1e-3);
    terminal.writeError(`\r\x1b[K${drawBar(state, rate, terminal.columns() - 1)}`);
  };
  return {
    update(state) {
      const now = performance.now();
      if (state.label !== label) {
        label = state.label;
        started = { at: now, done: state.done };
      }
      clearTimeout(waiting);
      const wait = Math.max(created + PATIENCE, drawn + INTERVAL) - now;
      if (wait <= 0) draw(state);
      else waiting = setTimeout(draw, wait, state).unref(); // unless something newer comes before
    },
    clear() {
      clearTimeout(waiting);
      if (shown) terminal.writeError("\r\x1b[K");
      shown = false;
    },
  };
}

/** One line: label, bar, per cent, amount, speed, time left. */
export function drawBar(state: ProgressState, rate: number, width: number): string {
  const { done, total } = state;
  const bytes = state.unit === "bytes";
  const amount = (value: number) => (bytes ? formatBytes(value) : Math.floor(value).toLocaleString("en-US"));
  if (total <= 0) return fitWidth(`${state.label}  ${amount(done)}`, width);
  const fraction = Math.min(1, Math.max(0, done / total));
  const facts = [`${Math.floor(fraction * 100)}%`, `${amount(done)} of ${amount(total)}`];
  if (bytes && rate > 0) {
    facts.push(`${formatBytes(rate)}/s`);
    if (done < total) facts.push(`${formatSeconds((total - done) / rate)} left`);
  }
  const tail = facts.join("  ");
  const room = Math.min(32, width - displayWidth(state.label) - displayWidth(tail) - 4);
  if (room < 8) return fitWidth(`${state.label}  ${tail}`, width);
  const filled = Math.round(fraction * room);
  return `${state.label}  ${"█".repeat(filled)}${"░".repeat(room - filled)}  ${tail}`;
}

// What requests took of the machine's energy: a meter that counts on, shared by those at work.
import { callback, choice, fields, number, required, text } from "../option-kinds.ts";
import type { TableOf } from "../options.ts";

/** Where energy is read. */
export interface EnergyMeter {
  /** By the machine itself, or as processor time at a power that somebody states. */
  readonly from: "measured" | "stated";
  /** Of one processor core at work, where it is stated. */
  readonly watts?: number;
  /** Who says so, and since when. */
  readonly source?: string;
  readonly date?: string;
  /** Joules since some time. */
  joules(): number;
}

/** A power that somebody states, of one processor core at work. */
export type StatedPower = Pick<EnergyMeter, "source" | "date"> & { readonly watts: number };

const watts = number({ min: 0, max: 100_000 });
const source = text();
const date = text({ most: 32 });

/** The same, declared. */
export const statedPowerTable = {
  watts: required(watts),
  source,
  date,
} satisfies TableOf<StatedPower>;

/** The options of a meter, declared. */
export const energyMeter = fields({
  from: required(choice("measured", "stated")),
  watts,
  source,
  date,
  joules: required(callback<EnergyMeter["joules"]>()),
} satisfies TableOf<EnergyMeter>);

/** Divides what a meter counts equally among those who are at work. */
export class EnergyShares {
  readonly #meter: EnergyMeter;
  #working = 0;
  #read = 0;
  /** What one has had who has been at work all the time. */
  #each = 0;

  constructor(meter: EnergyMeter) {
    this.#meter = meter;
  }

  /** Somebody begins to work; what comes back, called once when that has ended, tells the joules of it. */
  begin(): () => number {
    this.#settle();
    this.#working++;
    const before = this.#each;
    return () => {
      this.#settle();
      this.#working--;
      return this.#each - before;
    };
  }

  #settle(): void {
    const now = this.#meter.joules();
    if (this.#working > 0) this.#each += Math.max(0, now - this.#read) / this.#working;
    this.#read = now;
  }
}

// Meters of energy: processor time at a stated power, or what the processor itself counts (RAPL).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { call, readOptions } from "../options.ts";
import { type EnergyMeter, type StatedPower, statedPowerTable } from "./energy.ts";

const POWERCAP = "/sys/class/powercap";
/** A processor counts from 0 again after some minutes at the least. */
const LOOK_MS = 60_000;

/**
 * This process's processor time, at the watts that one core takes while it works.
 * @throws {BaimoError} `request` for a power that is none
 */
export function statedEnergy(power: StatedPower): EnergyMeter {
  const { watts, source, date } = readOptions(power, statedPowerTable, call("statedEnergy"));
  const joules = () => {
    const { user, system } = process.cpuUsage();
    return ((user + system) / 1e6) * watts;
  };
  return { from: "stated", watts, source, date, joules };
}

/**
 * What the machine's processors count of their own energy, whoever uses them; undefined where it cannot be read.
 *
 * folder  of the system's counters
 */
export function measuredEnergy(folder = POWERCAP): EnergyMeter | undefined {
  const packages = packagesIn(folder);
  if (packages.length === 0) return undefined;
  const joules = () => packages.reduce((sum, each) => sum + each.joules(), 0);
  setInterval(joules, LOOK_MS).unref();
  return { from: "measured", source: "RAPL", joules };
}

/** The processors' packages; zones within one, and what is of the whole machine, would count twice. */
function packagesIn(folder: string): Counter[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^intel-rapl:\d+$/.test(name))
      .map((name) => join(folder, name))
      .filter((zone) => readFileSync(join(zone, "name"), "utf8").startsWith("package-"))
      .map((zone) => new Counter(zone));
  } catch {
    return []; // no such folder, or for root alone
  }
}

/** A counter of microjoules that begins again at its end. */
class Counter {
  readonly #path: string;
  readonly #range: number;
  #last: number;
  #sum = 0;

  constructor(zone: string) {
    this.#path = join(zone, "energy_uj");
    this.#range = Number(readFileSync(join(zone, "max_energy_range_uj"), "utf8"));
    this.#last = this.#read();
  }

  joules(): number {
    const now = this.#read();
    this.#sum += now - this.#last + (now < this.#last ? this.#range : 0);
    this.#last = now;
    return this.#sum / 1e6;
  }

  #read(): number {
    return Number(readFileSync(this.#path, "utf8"));
  }
}

// Amounts of time and energy in the unit that suits the largest of them.

/** A unit, and how much of what is counted is one of it. */
export interface Unit<Name extends string> {
  readonly name: Name;
  readonly size: number;
}

const times = [
  { name: "hours", size: 3600, from: 7200 },
  { name: "minutes", size: 60, from: 120 },
  { name: "seconds", size: 1, from: 0 },
] as const;
const energies = [
  { name: "kWh", size: 3.6e6, from: 3.6e6 },
  { name: "Wh", size: 3600, from: 3600 },
  { name: "J", size: 1, from: 0 },
] as const;

const suiting = <T extends { from: number }>(units: readonly T[], most: number): T =>
  units.find(({ from }) => most >= from) ?? units.at(-1)!;

/** Of seconds. */
export const timeUnit = (most: number): Unit<"hours" | "minutes" | "seconds"> => suiting(times, most);

/** Of joules. */
export const energyUnit = (most: number): Unit<"kWh" | "Wh" | "J"> => suiting(energies, most);

// Units of quantities as types: "USD/GPU-hour" is another type than "USD/million tokens".

/** ISO 4217 codes that prices may be in. No rate between them is built in. */
export const currencies = ["USD", "EUR", "CNY", "GBP", "JPY", "CHF", "INR", "KRW"] as const;
export type Currency = (typeof currencies)[number];

/** What is counted or measured. "ratio" and "count" have no dimension. */
export type BaseUnit =
  | "FLOP"
  | "byte"
  | "token"
  | "million tokens"
  | "parameter"
  | "second"
  | "minute"
  | "hour"
  | "day"
  | "month"
  | "GPU"
  | "GPU-hour"
  | "machine"
  | "task"
  | "request"
  | "sequence"
  | "person"
  | "kilowatt"
  | "kilowatt-hour"
  | "nat"
  | "count"
  | "ratio"
  | Currency;

/** One unit for each of another. */
export type Per<A extends BaseUnit, B extends BaseUnit> = `${A}/${B}`;

export type Unit = BaseUnit | Per<BaseUnit, BaseUnit>;

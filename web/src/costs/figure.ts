// What the figure shows: results of a plan while one input moves and the others stay.
import {
  everyQuantity,
  type Input,
  type Quantity,
  type ScenarioAnswer,
  sweep,
} from "../../../src/plan/index.ts";
import { planFields, workFields } from "./fields.ts";

const POINTS = 61;

/** Lines over an input. */
export interface Curves {
  readonly input: Input;
  readonly over: readonly number[];
  readonly lines: readonly { readonly quantity: Quantity; readonly values: readonly (number | null)[] }[];
}

/** The results that a figure can show, the same unit each. */
export function linesOf({ plan, answer }: ScenarioAnswer): Quantity[] {
  const { results } = answer;
  const known = (keys: readonly string[]) =>
    keys.flatMap((key) => (results[key]?.value == null ? [] : [results[key]]));
  if (plan === "train") return known(["cost", "billed"]).slice(0, 1);
  if (plan === "roi") return answer.work.length === 1 ? known(["people", "model"]) : known(["net"]);
  const own = known(["own"]);
  const api = own.flatMap((each) =>
    everyQuantity(known(["breakEvenTokens"])).filter(({ unit }) => unit === each.unit),
  );
  return own.length > 0 ? [...own, ...api] : known(["speed"]);
}

/** The inputs that may be moved, what matters most first. */
export function movable(lines: readonly Quantity[], { answer, plan }: ScenarioAnswer): Input[] {
  const named = new Set([...planFields[plan], ...workFields].map(({ name }) => name));
  const base = (name: string) => name.replace(/ \(.*\)$/, "");
  const all = everyQuantity(lines).filter(
    (each): each is Input =>
      each.origin !== "computed" && each.value !== null && each.value > 0 && named.has(base(each.name)),
  );
  const rank = ({ name }: Input) => {
    const at = answer.distribution?.influences.findIndex((each) => each.name === name) ?? -1;
    return at < 0 ? all.length : at;
  };
  const once = new Map(all.map((each) => [each.name, each]));
  return [...once.values()].sort((one, other) => rank(one) - rank(other));
}

/** The lines over an input: from half of its least to twice its most, shares up to 1. */
export function curvesOver(input: Input, lines: readonly Quantity[]): Curves {
  const { value, range, unit } = input;
  const least = (range?.low ?? value!) / 2; // movable inputs have a value
  const far = (range?.high ?? value!) * 2;
  const most = unit === "ratio" && value! <= 1 ? Math.min(1, far) : far;
  const over = Array.from({ length: POINTS }, (_, at) => least + ((most - least) * at) / (POINTS - 1));
  return {
    input,
    over,
    lines: lines.map((quantity) => ({ quantity, values: sweep(quantity, input.name, over) })),
  };
}

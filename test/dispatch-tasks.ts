// The fixtures' requests as saved tasks: graphs with calculations, and where each fact is found.
import type { FactSource, Task, TaskNode } from "../src/dispatch/graph/task.ts";

type Place = readonly [node: string, path: string];

/** What one kind of request adds to the graph that the fixtures give. */
interface Kind {
  /** In the place of a calculation that the fixtures describe in words. */
  readonly replaced?: Readonly<Record<string, Record<string, unknown>>>;
  readonly added?: readonly TaskNode[];
  readonly facts: Readonly<Record<string, Place>>;
}

const from = (node: string, path: string) => ({ $from: node, path });
const rows = from("n1", "/rows");
const calc = (id: string, args: Record<string, unknown>): TaskNode => ({ id, tool: "calc", args, after: [] });

/** Where the columns of the first row are. */
const firstRow = (...keys: string[]): Record<string, Place> =>
  Object.fromEntries(keys.map((key) => [key, ["n1", `/rows/0/${key}`]]));

const byProduct = ["business", "consumer", "mortgage"].flatMap((product, at): [string, Place][] => [
  [`${product}_rate_bp`, ["n1", `/rows/${at}/rate_bp`]],
  [`${product}_loans`, ["n1", `/rows/${at}/loans`]],
]);

const kinds: Readonly<Record<string, (node: (id: string) => TaskNode) => Kind>> = {
  "region-month": () => ({ facts: firstRow("sales_fen", "orders") }),
  overdue: () => ({
    facts: { orders: ["n1", "/count"], open_fen: ["n2", "/value"], largest_order: ["n1", "/rows/0/id"] },
  }),
  "year-on-year": () => ({
    facts: {
      before_fen: ["n1", "/rows/0/sales_fen"],
      after_fen: ["n2", "/rows/0/sales_fen"],
      change: ["n3", "/value"],
    },
  }),
  "forecast-sales": () => ({
    added: [
      calc("n9", { expr: "last_fen = item(last(sales, 1), 1)", sales: from("n1", "/rows/*/sales_fen") }),
    ],
    facts: { last_fen: ["n9", "/last_fen"], forecast_fen: ["n2", "/steps/*/value"] },
  }),
  reorder: (node) => ({
    replaced: { n2: { expr: String(node("n2").args.expr).replace("filter(", "filter(sku, "), rows } },
    facts: { skus: ["n2", "/value"] },
  }),
  fx: () => ({
    facts: {
      total_fen: ["n1", "/rows/0/total_fen"],
      rate: ["n2", "/rate"],
      total_eur: ["n3", "/value"],
      total_usd: ["n3", "/value"],
      total_jpy: ["n3", "/value"],
    },
  }),
  shipping: () => ({
    facts: { weight_g: ["n1", "/rows/0/weight_g"], quote_fen: ["n2", "/amountFen"], days: ["n2", "/days"] },
  }),
  concentration: (node) => ({
    replaced: {
      n2: {
        expr: `total_fen = sum(v); share = v / total_fen; top_share = sum(first(share, ${/\d+/.exec(String(node("n2").args.expr))?.[0]})); hhi = sum(share ^ 2)`,
        rows,
      },
    },
    facts: { total_fen: ["n2", "/total_fen"], top_share: ["n2", "/top_share"], hhi: ["n2", "/hhi"] },
  }),
  ageing: () => ({
    replaced: {
      n2: {
        expr: "buckets = [sum(filter(open_fen, late <= 0)), sum(filter(open_fen, late >= 1 and late <= 30)), sum(filter(open_fen, late >= 31 and late <= 90)), sum(filter(open_fen, late > 90))]; total = sum(open_fen)",
        rows,
      },
    },
    facts: { buckets_fen: ["n2", "/buckets"], total_fen: ["n2", "/total"] },
  }),
  "score-one": () => ({ facts: { score: ["n2", "/score"], pd: ["n2", "/pd"] } }),
  npl: () => ({
    facts: Object.assign(firstRow("npl_fen", "total_fen"), { npl_ratio: ["n2", "/value"] }),
  }),
  bureau: () => ({
    facts: { pd: ["n3", "/pd"], worst_status: ["n2", "/worstStatus"], inquiries_6m: ["n2", "/inquiries6m"] },
  }),
  annuity: () => ({
    replaced: {
      n2: {
        expr: "i = annual_rate_bp / 10000 / 12; payment = principal_fen * i / (1 - (1 + i)^-months); rounded = round(payment); interest = payment * months - principal_fen",
        row: from("n1", "/rows/0"),
      },
    },
    facts: {
      payment_fen: ["n2", "/payment"],
      payment_rounded_fen: ["n2", "/rounded"],
      interest_total_fen: ["n2", "/interest"],
    },
  }),
  ltv: () => ({
    added: [calc("n9", { expr: "balance = sum(balance_fen)", rows })],
    facts: {
      loans: ["n1", "/count"],
      balance_fen: ["n9", "/balance"],
      worst_loan: ["n1", "/rows/0/id"],
      worst_ltv: ["n1", "/rows/0/ltv"],
    },
  }),
  "weighted-rate": () => ({ facts: Object.fromEntries(byProduct) }),
  "no-show": () => ({
    replaced: { n2: { expr: "rates = missed / due; worst = item(largest(dep, rates, 1), 1)", rows } },
    facts: { rates: ["n2", "/rates"], worst: ["n2", "/worst"] },
  }),
  "no-show-risk": (node) => ({
    replaced: {
      n3: {
        expr: `n = ${/\d+/.exec(String(node("n3").args.expr))?.[0]}; ids = largest(id, p, n); top = largest(p, p, n); missed = sum(p)`,
        rows: from("n2", "/rows"),
      },
    },
    facts: {
      booked: ["n1", "/count"],
      ids: ["n3", "/ids"],
      p: ["n3", "/top"],
      expected_missed: ["n3", "/missed"],
    },
  }),
  staffing: (node) => ({
    replaced: {
      n2: {
        arrivalsPerHour: from("n9", "/value"),
        serviceMin: node("n2").args.serviceMin,
        targetWaitMin: node("n2").args.targetWaitMin,
      },
    },
    added: [calc("n9", { expr: node("n2").args.arrivalsPerHour, row: from("n1", "/rows/0") })],
    facts: {
      arrivals_per_hour: ["n2", "/arrivalsPerHour"],
      rooms: ["n2", "/servers"],
      wait_min: ["n2", "/meanWaitMin"],
    },
  }),
  "compare-wait": () => ({
    facts: {
      mean_1: ["n3", "/meanA"],
      mean_2: ["n3", "/meanB"],
      t: ["n3", "/t"],
      df: ["n3", "/df"],
      p_value: ["n3", "/pValue"],
    },
  }),
  tone: () => ({
    added: [
      calc("n9", {
        expr: "ids = filter(id, over); negative = count(ids)",
        id: from("n1", "/rows/*/id"),
        over: from("n2", "/rows/*/overThreshold"),
      }),
    ],
    facts: { feedback: ["n1", "/count"], negative: ["n9", "/negative"], negative_ids: ["n9", "/ids"] },
  }),
  "inject-row": () => ({ facts: { notes: ["n1", "/count"], total_fen: ["n2", "/rows/0/total_fen"] } }),
  "inject-http": () => ({ facts: { worst_status: ["n1", "/worstStatus"] } }),
  premise: () => ({
    added: [
      calc("n9", {
        expr: "rose = may > january",
        january: from("n1", "/rows/0/v"),
        may: from("n2", "/rows/0/v"),
      }),
    ],
    facts: { january_fen: ["n1", "/rows/0/v"], may_fen: ["n2", "/rows/0/v"], rose: ["n9", "/rose"] },
  }),
};

/** What the fixtures say of a request that is answered. */
export interface Expected {
  readonly graph: { readonly nodes: readonly TaskNode[] };
  readonly facts: readonly { readonly key: string; readonly unit: string }[];
}

/** The saved task of a request, or nothing for a kind that has none here. */
export function taskOf(request: string, { graph, facts }: Expected): Task | undefined {
  const make = kinds[request.replace(/\.(zh|en)$/, "")];
  if (!make) return undefined;
  const node = (id: string) => graph.nodes.find((each) => each.id === id) as TaskNode; // the fixtures have it
  const kind = make(node);
  const nodes = graph.nodes.map((each) => ({
    id: each.id,
    tool: each.tool,
    args: kind.replaced?.[each.id] ?? each.args,
    after: each.after,
  }));
  const sources = facts.flatMap(({ key, unit }): FactSource[] => {
    const place = kind.facts[key];
    return place ? [{ key, node: place[0], path: place[1], unit }] : [];
  });
  return { nodes: [...nodes, ...(kind.added ?? [])], facts: sources };
}

// Counts and times of a server, and how Prometheus reads them (text format 0.0.4).

/** Upper bounds of times in seconds. */
const BOUNDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];

/** A time as Prometheus keeps it: how many were at most each bound. */
interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** A name's values by their labels, as they are written: `{route="/health"}`. */
type Family<T> = Map<string, T>;

export class Metrics {
  readonly #requests: Family<number> = new Map();
  readonly #seconds: Family<Histogram> = new Map();
  readonly #tokens: Family<number> = new Map();
  readonly #joules: Family<number> = new Map();

  /** A request was answered; of a stream, its beginning was. */
  request(method: string, route: string, status: number, seconds: number): void {
    add(this.#requests, labelsOf({ method, route, status: String(status) }), 1);
    const key = labelsOf({ route });
    const times = this.#seconds.get(key) ?? { counts: BOUNDS.map(() => 0), sum: 0, count: 0 };
    this.#seconds.set(key, times);
    for (const [i, bound] of BOUNDS.entries()) if (seconds <= bound) times.counts[i]++;
    times.sum += seconds;
    times.count++;
  }

  /** A model read or wrote tokens. */
  tokens(model: string, kind: "prompt" | "cached" | "completion", count: number): void {
    if (count > 0) add(this.#tokens, labelsOf({ model, kind }), count);
  }

  /** A model's work took energy. */
  joules(model: string, count: number): void {
    add(this.#joules, labelsOf({ model }), count);
  }

  /** All of it, with values that are read now. */
  toText(now: Readonly<Record<string, { value: number; help: string }>>): string {
    const lines: string[] = [];
    const family = (name: string, type: string, help: string) =>
      lines.push(`# HELP baimo_${name} ${help}`, `# TYPE baimo_${name} ${type}`);
    const values = (name: string, of: Family<number>) => {
      for (const [labels, value] of of) lines.push(`baimo_${name}${labels} ${value}`);
    };
    family("requests_total", "counter", "Requests that were answered.");
    values("requests_total", this.#requests);
    family(
      "tokens_total",
      "counter",
      "Tokens of prompts, those of them found in the cache, and tokens of answers.",
    );
    values("tokens_total", this.#tokens);
    if (this.#joules.size > 0) {
      family("energy_joules_total", "counter", "Energy of requests, as it is measured or stated.");
      values("energy_joules_total", this.#joules);
    }
    family(
      "response_seconds",
      "histogram",
      "From a request to its answer, or to the beginning of its stream.",
    );
    for (const [labels, { counts, sum, count }] of this.#seconds) {
      const within = labels.slice(0, -1);
      for (const [i, bound] of BOUNDS.entries())
        lines.push(`baimo_response_seconds_bucket${within},le="${bound}"} ${counts[i]}`);
      lines.push(`baimo_response_seconds_bucket${within},le="+Inf"} ${count}`);
      lines.push(
        `baimo_response_seconds_sum${labels} ${sum}`,
        `baimo_response_seconds_count${labels} ${count}`,
      );
    }
    for (const [name, { value, help }] of Object.entries(now)) {
      family(name, "gauge", help);
      lines.push(`baimo_${name} ${value}`);
    }
    return `${lines.join("\n")}\n`;
  }
}

function add(family: Family<number>, labels: string, count: number): void {
  family.set(labels, (family.get(labels) ?? 0) + count);
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const escaped = (value: string) =>
    value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join()}}`;
}

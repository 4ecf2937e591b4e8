// Lets requests in by their keys: 401 without one, 403 for what it is not for, 429 for too much.
import { once } from "../once.ts";
import { Problem } from "../problem.ts";
import { type ApiKey, hashOf, type KeyRing, type Scope } from "./api-key.ts";

/** A request that was let in. */
export interface Visit {
  /** Whose it is; "" where the server has no keys. */
  readonly owner: string;
  /** It goes on until the function that comes back is called. */
  hold(): () => void;
  spend(tokens: number): void;
}

/** What a key is doing. */
interface Activity {
  running: number;
  /** When its requests of the last minute began, by `performance.now`. */
  readonly began: number[];
}

const MINUTE_MS = 60_000;
/** A key is shorter; what is longer is not looked up. */
const LONGEST_KEY = 512;

const FREE: Visit = { owner: "", hold: () => () => {}, spend() {} };

export class Guard {
  readonly #ring: KeyRing | undefined;
  readonly #activities = new Map<string, Activity>();

  constructor(ring: KeyRing | undefined) {
    this.#ring = ring;
  }

  /**
   * Lets a request in, which goes on as long as something holds it. Without a scope no key is needed.
   *
   * known  is told the id of a key that is known here, also of a request that is then refused
   * @throws {Problem} 401, 403 or 429
   */
  async admit(request: Request, scope: Scope | undefined, known: (id: string) => void): Promise<Visit> {
    const ring = this.#ring;
    if (!ring || scope === undefined) return FREE;
    const given = keyOf(request);
    const key = given === "" ? undefined : await ring.find(await hashOf(given));
    if (!key) throw unknownKey(given !== "");
    known(key.id);
    if (!key.scopes.includes(scope) && !key.scopes.includes("admin")) throw wrongScope(scope);
    this.#checkLimits(key, ring);
    const activity = this.#activityOf(key);
    activity.running++;
    activity.began.push(performance.now());
    let holders = 0;
    const hold = () => {
      holders++;
      return once(() => {
        if (--holders === 0) activity.running--;
      });
    };
    return { owner: key.id, hold, spend: (tokens) => ring.spend(key, tokens) };
  }

  #activityOf({ id }: ApiKey): Activity {
    const activity = this.#activities.get(id) ?? { running: 0, began: [] };
    this.#activities.set(id, activity);
    return activity;
  }

  #checkLimits(key: ApiKey, ring: KeyRing): void {
    const { concurrent, perMinute, quota } = key;
    const { running, began } = this.#activityOf(key);
    if (quota && ring.used(key) >= quota.tokens) {
      const when = quota.per === "day" ? "; there are more tomorrow (UTC)" : "";
      const message = `this key has used its ${quota.tokens.toLocaleString("en")} tokens${when}`;
      throw new Problem(429, message, { type: "insufficient_quota", code: "insufficient_quota" });
    }
    if (concurrent !== undefined && running >= concurrent) {
      const message = `this key has ${running} requests under way, which is as many as it may have; wait for one to end`;
      throw tooMany(message, 1);
    }
    const now = performance.now();
    while (began.length > 0 && began[0] <= now - MINUTE_MS) began.shift();
    if (perMinute !== undefined && began.length >= perMinute) {
      const message = `this key may ask ${perMinute} times a minute; try again later`;
      throw tooMany(message, Math.ceil((began[0] + MINUTE_MS - now) / 1000));
    }
  }
}

/** As OpenAI's and Ollama's clients send it, or Anthropic's. */
function keyOf({ headers }: Request): string {
  const [, bearer = ""] = /^bearer\s+(\S+)$/i.exec(headers.get("authorization")?.trim() ?? "") ?? [];
  const key = bearer || (headers.get("x-api-key")?.trim() ?? "");
  return key.length <= LONGEST_KEY ? key : "";
}

function unknownKey(given: boolean): Problem {
  const message = given
    ? "the key is not known here; ask whoever runs this server for another"
    : "a key is needed: send it as `authorization: Bearer …`, or as `x-api-key`";
  const headers = { "www-authenticate": "Bearer" };
  return new Problem(401, message, { type: "authentication_error", code: "invalid_api_key", headers });
}

function wrongScope(scope: Scope): Problem {
  const message = `this key is not for this: it needs the scope "${scope}"`;
  return new Problem(403, message, { type: "permission_error", code: "insufficient_scope" });
}

function tooMany(message: string, seconds: number): Problem {
  const headers = { "retry-after": String(seconds) };
  return new Problem(429, message, { type: "rate_limit_error", code: "rate_limit_exceeded", headers });
}

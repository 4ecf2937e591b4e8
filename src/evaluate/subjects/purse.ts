// What an evaluation may spend at an endpoint, in tokens or in money: counted before it is spent.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { Reply } from "../../upstream/echo.ts";
import { costOf, type Price, type TokenCounts } from "../../upstream/price.ts";

/** Most that may be spent: tokens of prompts and answers together, or money. */
export interface Budget {
  readonly most: number;
  readonly unit: "tokens" | Price["currency"];
}

/** What is spent of one budget, in its unit, and what requests under way may still take. */
export class Ledger {
  spent = 0;
  reserved = 0;
  #waiting: (() => void)[] = [];

  /** Resolves when what is reserved has changed. */
  changed(): Promise<void> {
    return new Promise((go) => this.#waiting.push(go));
  }

  settle(reserved: number, used: number): void {
    this.reserved -= reserved;
    this.spent += used;
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** What an endpoint may spend, of a budget of its own or one that several share. */
export class Purse {
  readonly budget: Budget | undefined;
  readonly price: Price | undefined;
  readonly #ledger: Ledger;

  /** @throws {BaimoError} `config` for a budget of money where no price is known, or one in another currency */
  constructor(budget?: Budget, price?: Price, ledger = new Ledger()) {
    this.budget = budget;
    this.price = price;
    this.#ledger = ledger;
    if (!budget || budget.unit === "tokens" || budget.unit === price?.currency) return;
    const known = price ? `its price is in ${price.currency}` : "no price is known";
    throw new BaimoError(
      "config",
      `the budget is in ${budget.unit}, but of this model ${known}; give the model a price in the configuration, or a budget of tokens`,
    );
  }

  /** In the budget's unit. */
  get spent(): number {
    return this.#ledger.spent;
  }

  /** What tokens cost in money; undefined where there is no price. */
  amountOf(tokens: TokenCounts): number | undefined {
    return this.price && costOf(tokens, this.price);
  }

  /** Whether a request may be sent beside those under way. */
  #fits(most: TokenCounts): boolean {
    const { spent, reserved } = this.#ledger;
    return !this.budget || spent + reserved + this.#measure(most) <= this.budget.most;
  }

  /** Resolves when requests under way have ended that now leave no room; undefined where there is room, or never will be. */
  room(most: TokenCounts): Promise<void> | undefined {
    return this.#fits(most) || this.#ledger.reserved <= 0 ? undefined : this.#ledger.changed();
  }

  /** Keeps what a request may take. @throws {BaimoError} `request` where the budget could be exceeded */
  reserve(most: TokenCounts): void {
    if (this.#fits(most)) {
      this.#ledger.reserved += this.#measure(most);
      return;
    }
    const { most: all, unit } = this.budget as Budget; // without one everything fits
    const [spent, next] = [this.spent, this.#measure(most)].map((value) => Number(value.toPrecision(6)));
    throw new BaimoError(
      "request",
      `the budget of ${all} ${unit} would be exceeded: ${spent} are spent and the next request may take ${next}`,
    );
  }

  /** Gives back what was kept for a request, and takes what it used. */
  settle(most: TokenCounts, used: TokenCounts): void {
    this.#ledger.settle(this.#measure(most), this.#measure(used));
  }

  /** Counts what was spent before. */
  count(tokens: TokenCounts): void {
    this.#ledger.settle(0, this.#measure(tokens));
  }

  #measure(tokens: TokenCounts): number {
    const inMoney = this.budget?.unit === "tokens" ? undefined : this.amountOf(tokens);
    return inMoney ?? tokens.prompt + (tokens.completion ?? 0);
  }
}

/** The tokens that a reply says it took; undefined where it says nothing. */
export function tokensOf({ usage }: Reply): Required<TokenCounts> | undefined {
  if (!isRecord(usage)) return undefined;
  const read = (value: unknown) => (typeof value === "number" && value >= 0 ? value : undefined);
  const prompt = read(usage.prompt_tokens);
  if (prompt === undefined) return undefined;
  const details = isRecord(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  return {
    prompt,
    cached: Math.min(prompt, read(details.cached_tokens) ?? 0),
    completion: read(usage.completion_tokens) ?? 0,
  };
}

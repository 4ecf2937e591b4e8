// ETS(A,A,A): additive error, trend and season (Holt-Winters), begun from stored states.
import { BaimoError } from "../../errors.ts";
import { numberOf } from "../../json.ts";
import { numbersOf } from "./domain.ts";
import { type Forecaster, Z_95 } from "./model.ts";

export function readEts(model: Record<string, unknown>, where: string): Forecaster {
  const number = (name: string) => numberOf(model[name], `${where}: ${name}`);
  const [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map(number);
  const [level0, trend0, sigma] = ["level0", "trend0", "sigma"].map(number);
  const season0 = numbersOf(model.season0, `${where}: season0`, number("period"));
  const period = season0.length;
  if (period === 0) throw new BaimoError("format", `${where}: period is 0; a season has at least one value`);
  return {
    task: "forecast",
    least: 1,
    forecast(series, horizon) {
      let [level, trend] = [level0, trend0];
      const season = [...season0];
      series.forEach((y, t) => {
        const before = level + trend;
        const seasonal = season[t % period];
        const next = alpha * (y - seasonal) + (1 - alpha) * before;
        trend = beta * (next - level) + (1 - beta) * trend;
        season[t % period] = gamma * (y - before) + (1 - gamma) * seasonal;
        level = next;
      });
      let variance = 1; // of the errors' sum, in sigma²
      return Array.from({ length: horizon }, (_, i) => {
        if (i > 0) variance += (alpha + alpha * beta * i + (i % period === 0 ? gamma : 0)) ** 2;
        const value = level + (i + 1) * trend + season[(series.length + i) % period];
        const spread = Z_95 * sigma * Math.sqrt(variance);
        return { value, lower95: value - spread, upper95: value + spread };
      });
    },
  };
}

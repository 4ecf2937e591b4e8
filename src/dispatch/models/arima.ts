// ARIMA(p,1,0) with drift, on the values or their logarithms.
import { BaimoError } from "../../errors.ts";
import { brief, numberOf } from "../../json.ts";
import { numbersOf } from "./domain.ts";
import { type Forecaster, Z_95 } from "./model.ts";

export function readArima(model: Record<string, unknown>, where: string): Forecaster {
  const ar = numbersOf(model.ar, `${where}: ar`);
  const [drift, sigma2] = ["drift", "sigma2"].map((name) => numberOf(model[name], `${where}: ${name}`));
  const logarithm = model.transform === "log";
  if (model.d !== 1 || numbersOf(model.ma, `${where}: ma`).length > 0) {
    throw new BaimoError("format", `${where}: ARIMA is read with d 1 and no ma, not d ${brief(model.d)}`);
  }
  if (!logarithm && model.transform !== undefined && model.transform !== "none") {
    throw new BaimoError(
      "format",
      `${where}: transform ${brief(model.transform)} is not known; known: log, none`,
    );
  }
  const back = logarithm ? Math.exp : (z: number) => z;
  return {
    task: "forecast",
    least: ar.length + 1,
    forecast(series, horizon) {
      if (logarithm && series.some((y) => y <= 0)) {
        throw new BaimoError("request", "a series must be above 0 where its logarithm is forecast");
      }
      const z = logarithm ? series.map(Math.log) : [...series];
      const changes = z.slice(1).map((each, at) => each - z[at] - drift);
      const psi = [1]; // what an error adds to the changes after it
      let at = z[z.length - 1];
      let [spread, variance] = [0, 0];
      return Array.from({ length: horizon }, (_, h) => {
        const change = ar.reduce(
          (sum, each, lag) => sum + each * (changes[changes.length - 1 - lag] ?? 0),
          0,
        );
        changes.push(change);
        at += change + drift;
        if (h > 0) psi.push(ar.reduce((sum, each, lag) => sum + each * (psi[h - 1 - lag] ?? 0), 0));
        spread += psi[h];
        variance += spread ** 2;
        const width = Z_95 * Math.sqrt(sigma2 * variance);
        return { value: back(at), lower95: back(at - width), upper95: back(at + width) };
      });
    },
  };
}

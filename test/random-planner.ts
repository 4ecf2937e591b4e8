// Models that plan at random, or as a script has it; for tests.
import type { Ask } from "../src/dispatch/planner/ask.ts";
import type { JsonSchema } from "../src/json.ts";
import type { Random } from "../src/random.ts";

/** Any value of a schema of the planner's. */
export function randomValue(schema: JsonSchema, random: Random): unknown {
  const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)];
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return pick(schema.enum);
  if (Array.isArray(schema.anyOf)) return randomValue(pick(schema.anyOf), random);
  if (schema.type === "string") return "USD"; // the fixtures' only pattern is a currency
  if (schema.type === "integer") {
    return Number(schema.minimum) + random.integer(Number(schema.maximum) - Number(schema.minimum) + 1);
  }
  if (schema.type === "array") {
    const [least, most] = [Number(schema.minItems ?? 0), Number(schema.maxItems)];
    const items = schema.items as JsonSchema;
    return Array.from({ length: least + random.integer(most - least + 1) }, () => randomValue(items, random));
  }
  const properties = Object.entries(schema.properties as Record<string, JsonSchema>);
  return Object.fromEntries(properties.map(([name, each]) => [name, randomValue(each, random)]));
}

export const randomPlanner =
  (random: Random): Ask =>
  async (_question, schema) =>
    JSON.stringify(randomValue(schema, random));

/** Says one after the other. */
export function scriptedPlanner(answers: readonly unknown[], asked: string[] = []): Ask {
  let next = 0;
  return async ({ system, request, state }) => {
    asked.push(`${system}\n${request}\n${state}`);
    const answer = answers[next++];
    return typeof answer === "string" ? answer : JSON.stringify(answer);
  };
}

// Router on a GPU: an invocation chooses a token's experts, and no choice comes back.
import type { RouterConfig } from "../../tensor/backend.ts";
import { floats, type Shader } from "../module/wgsl.ts";

/** Words of a choice: the expert, and the weight of its answer as f32. */
export const CHOICE_WORDS = 2;

/** See `Router`; a token's choices come in the order of experts. v: weight vectors, among them the selection bias. */
export function routerShader(config: RouterConfig): Shader {
  const { count, perToken } = config;
  return {
    name: `router ${Object.values(config).join(" ")}`,
    params: ["stride", "bias"],
    buffers: [floats("logits"), floats("v"), { name: "routes", type: "array<u32>", writes: true }],
    size: 1,
    declarations: `const NEVER = -3.4e38;
var<private> scores: array<f32, ${count}>;
var<private> ranks: array<f32, ${count}>;
var<private> taken: array<f32, ${count}>;
var<private> is_taken: array<bool, ${count}>;
/** The index of the largest rank of [start, end); ties go to the lower one. */
fn best(start: u32, end: u32) -> u32 {
  var at = start;
  for (var e = start + 1u; e < end; e++) { if (ranks[e] > ranks[at]) { at = e; } }
  return at;
}
fn softmax_scores() {
  var top = NEVER;
  for (var e = 0u; e < ${count}u; e++) { top = max(top, scores[e]); }
  var sum = 0.0;
  for (var e = 0u; e < ${count}u; e++) { scores[e] = select(exp(scores[e] - top), 0.0, scores[e] == NEVER); sum += scores[e]; }
  for (var e = 0u; e < ${count}u; e++) { scores[e] /= sum; }
}`,
    body: `for (var e = 0u; e < ${count}u; e++) { is_taken[e] = false; }
${config.score === "sparsemixer" ? sparsemixer(config) : chooser(config)}
var next = group.x * ${perToken}u;
for (var e = 0u; e < ${count}u; e++) {
  if (!is_taken[e]) { continue; }
  routes[next * ${CHOICE_WORDS}u] = e;
  routes[next * ${CHOICE_WORDS}u + 1u] = bitcast<u32>(taken[e]);
  next++;
}`,
  };
}

function chooser(config: RouterConfig): string {
  const { count, perToken, score, normalize: n, normalizeEps, scale, groups } = config;
  const power = (x: string) => (n === 1 ? x : n === 2 ? `(${x}) * (${x})` : `pow(${x}, ${float(n)})`);
  const root = n === 1 ? "sum" : n === 2 ? "sqrt(sum)" : `pow(sum, ${float(1 / n)})`;
  return `for (var e = 0u; e < ${count}u; e++) { scores[e] = logits[group.x * p.stride + e]; }
${
  score === "sigmoid"
    ? `for (var e = 0u; e < ${count}u; e++) { scores[e] = 1.0 / (1.0 + exp(-scores[e])); }`
    : "softmax_scores();"
}
for (var e = 0u; e < ${count}u; e++) { ranks[e] = scores[e]; if (p.bias != 0xffffffffu) { ranks[e] += v[p.bias + e]; } }
${groups > 1 ? bestGroups(config) : ""}
var sum = 0.0;
for (var i = 0u; i < ${perToken}u; i++) {
  let e = best(0u, ${count}u);
  ranks[e] = NEVER; is_taken[e] = true; sum += ${n > 0 ? power("scores[e]") : "scores[e]"};
}
let norm = ${n > 0 ? `${root} + ${float(normalizeEps)}` : "1.0"};
for (var e = 0u; e < ${count}u; e++) { taken[e] = (scores[e] / norm) * ${float(scale)}; }`;
}

/** Takes the experts of all but the best groups out. */
function bestGroups({ count, groups, groupsPerToken, groupScore }: RouterConfig): string {
  const size = count / groups;
  const two = groupScore === "top2" && size > 1;
  return `var group_ranks: array<f32, ${groups}>; var kept: array<bool, ${groups}>;
for (var g = 0u; g < ${groups}u; g++) {
  let one = best(g * ${size}u, (g + 1u) * ${size}u);
  group_ranks[g] = ranks[one];
  ${
    two
      ? `let rank = ranks[one]; ranks[one] = NEVER;
  group_ranks[g] += ranks[best(g * ${size}u, (g + 1u) * ${size}u)]; ranks[one] = rank;`
      : ""
  }
}
for (var i = 0u; i < ${groupsPerToken}u; i++) {
  var at = ${groups}u;
  for (var g = 0u; g < ${groups}u; g++) { if (!kept[g] && (at == ${groups}u || group_ranks[g] > group_ranks[at])) { at = g; } }
  kept[at] = true;
}
for (var e = 0u; e < ${count}u; e++) { if (!kept[e / ${size}u]) { ranks[e] = NEVER; } }`;
}

/** See createSparsemixer of router.ts. */
function sparsemixer({ count, perToken, jitter }: RouterConfig): string {
  return `for (var e = 0u; e < ${count}u; e++) { ranks[e] = logits[group.x * p.stride + e]; }
for (var i = 0u; i < ${perToken}u; i++) {
  let chosen = best(0u, ${count}u);
  let top = ranks[chosen];
  for (var e = 0u; e < ${count}u; e++) {
    let logit = logits[group.x * p.stride + e];
    let far = (top - logit) / max(abs(logit), top) > ${float(2 * jitter)};
    scores[e] = select(logit, NEVER, far || is_taken[e]);
  }
  softmax_scores();
  ranks[chosen] = NEVER; is_taken[chosen] = true; taken[chosen] = scores[chosen];
}`;
}

const float = (x: number): string => (Number.isInteger(x) ? `${x}.0` : `${x}`);

// The largest values of a row on a GPU: a workgroup a row selects them byte by byte.
import { type Shader, sumAll, words } from "../module/wgsl.ts";

/** Invocations of a workgroup, and values of a byte. */
const SIZE = 256;
/** Weights that are added one after another, before their sum is added to the others': f32 rounds less so. */
const RUN = 32;

/** Words of what is found of a row: columns, values, what all values weigh. */
export const largestWords = (count: number): number => 2 * count + 1;

/**
 * See `Backend.largest`. Values are looked at as words, whose order as numbers is that of `rank`. `factors` are f32 words of `data`,
 * from `factors` on, one a row. The relative error of a weight is that of exp (WGSL: 3 + 2 |x| units in the last place), of the
 * sum less than 2e-5 for a million of columns.
 */
export const largestShader: Shader = {
  name: "largest",
  params: ["width", "stride", "count", "factors"],
  buffers: [words("x"), words("data"), { name: "found", type: "array<u32>", writes: true }],
  size: SIZE,
  declarations: `${sumAll(SIZE)}
var<workgroup> counts: array<atomic<u32>, ${SIZE}>;
var<workgroup> top: atomic<u32>;
var<workgroup> last: u32;
var<workgroup> left: u32;
var<workgroup> above: array<u32, ${SIZE}>;
var<workgroup> equal: array<u32, ${SIZE}>;
fn rank(word: u32) -> u32 {
  if ((word & 0x7fffffffu) > 0x7f800000u || word == 0x7f800000u) { return 0xffffffffu; }
  if (word == 0x80000000u) { return 0x80000000u; }
  return select(word | 0x80000000u, ~word, word >= 0x80000000u);
}
fn value_of(rank: u32) -> f32 { return bitcast<f32>(select(~rank, rank & 0x7fffffffu, rank >= 0x80000000u)); }`,
  body: `let first = group.x * p.stride;
let count = min(p.count, p.width);
if (lane == 0u) { atomicStore(&top, 0u); last = 0u; left = count; }
var mask = 0u;
for (var shift = 24i; shift >= 0i; shift -= 8i) {
  let low = u32(shift);
  atomicStore(&counts[lane], 0u);
  workgroupBarrier();
  let known = last;
  var own = 0u;
  for (var c = lane; c < p.width; c += ${SIZE}u) {
    let r = rank(x[first + c]);
    own = max(own, r);
    if ((r & mask) == known) { atomicAdd(&counts[(r >> low) & 255u], 1u); }
  }
  atomicMax(&top, own);
  workgroupBarrier();
  if (lane == 0u) {
    var byte = 255u;
    for (; byte > 0u; byte--) {
      let here = atomicLoad(&counts[byte]);
      if (here >= left) { break; }
      left -= here;
    }
    last |= byte << low;
  }
  workgroupBarrier();
  mask |= 255u << low;
}
let limit = last;
let equals = left;

let factor = bitcast<f32>(data[p.factors + group.x]);
let largest = value_of(atomicLoad(&top));
var weight = 0.0;
for (var start = lane; start < p.width; start += ${SIZE * RUN}u) {
  var some = 0.0;
  for (var c = start; c < min(p.width, start + ${SIZE * RUN}u); c += ${SIZE}u) {
    some += exp(max((bitcast<f32>(x[first + c]) - largest) * factor, -87.0));
  }
  weight += some;
}
weight = sum_all(lane, weight);

let share = (p.width + ${SIZE - 1}u) / ${SIZE}u;
let begin = min(p.width, lane * share);
let end = min(p.width, begin + share);
var higher = 0u;
var same = 0u;
for (var c = begin; c < end; c++) {
  let r = rank(x[first + c]);
  higher += select(0u, 1u, r > limit);
  same += select(0u, 1u, r == limit);
}
above[lane] = higher;
equal[lane] = same;
workgroupBarrier();
higher = 0u;
same = 0u;
for (var before = 0u; before < lane; before++) { higher += above[before]; same += equal[before]; }
let to = group.x * (2u * p.count + 1u);
for (var c = begin; c < end; c++) {
  let word = x[first + c];
  let r = rank(word);
  if (r > limit || (r == limit && same < equals)) {
    let at = to + higher + min(same, equals);
    found[at] = c;
    found[at + p.count] = word;
  }
  higher += select(0u, 1u, r > limit);
  same += select(0u, 1u, r == limit);
}
if (lane == 0u) { found[to + 2u * p.count] = bitcast<u32>(weight); }`,
};

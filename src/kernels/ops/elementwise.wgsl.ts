// Sums, products and copies of activations on a GPU.
import { floats, type Shader, type ShaderBuffer, sigmoid, words, written } from "../module/wgsl.ts";

const SIZE = 64;
/** Workgroups of one line of a call; more lie in further lines. */
export const LINE = 65535;

/** Workgroups for so many values. */
export function groupsFor(count: number): readonly [number, number] {
  const groups = Math.ceil(count / SIZE);
  return groups <= LINE ? [groups, 1] : [LINE, Math.ceil(groups / LINE)];
}

/** A shader with one invocation a value: `i` of `count`. */
function elementwise(
  name: string,
  params: readonly string[],
  buffers: readonly ShaderBuffer[],
  body: string,
  declarations = "",
): Shader {
  return {
    name,
    params: ["count", ...params],
    buffers,
    size: SIZE,
    declarations,
    body: `let i = (group.y * ${LINE}u + group.x) * ${SIZE}u + lane;
if (i >= p.count) { return; }
${body}`,
  };
}

/** x += factor * y */
export const addShader: Shader = elementwise(
  "add",
  ["factor: f32"],
  [written("x"), floats("y")],
  "x[i] = fma(p.factor, y[i], x[i]);",
);

/** x = x * factor */
export const scaleShader: Shader = elementwise("scale", ["factor: f32"], [written("x")], "x[i] *= p.factor;");

/** x = x * the factor of its row, from word `factors` of the data on */
export const scaleRowsShader: Shader = elementwise(
  "scale rows",
  ["stride", "factors"],
  [written("x"), words("data")],
  "x[i] *= bitcast<f32>(data[p.factors + i / p.stride]);",
);

/** x = min(max(x, -limit), limit) */
export const clipShader: Shader = elementwise(
  "clip",
  ["limit: f32"],
  [written("x")],
  "x[i] = clamp(x[i], -p.limit, p.limit);",
);

/** x = x * sigmoid(gate) */
export const sigmoidMulShader: Shader = elementwise(
  "sigmoid mul",
  [],
  [written("x"), floats("gate")],
  "x[i] *= sigmoid(gate[i]);",
  sigmoid,
);

/** x = x * sigmoid(gate of the row) */
export const sigmoidMulRowsShader: Shader = elementwise(
  "sigmoid mul rows",
  ["stride", "gate_stride"],
  [written("x"), floats("gate")],
  "x[i] *= sigmoid(gate[(i / p.stride) * p.gate_stride]);",
  sigmoid,
);

/** out[i] = x[rows[i]], or out[rows[i]] = x[i]; rows from word `rows` of the data on. */
export const moveRowsShader = (puts: boolean): Shader => {
  const row = "data[p.rows + i / p.stride] * p.stride + i % p.stride";
  return elementwise(
    `move rows ${puts}`,
    ["stride", "rows"],
    [floats("x"), written("out"), words("data")],
    puts ? `out[${row}] = x[i];` : `out[i] = x[${row}];`,
  );
};

/** out = x */
export const copyShader: Shader = elementwise("copy", [], [floats("x"), written("out")], "out[i] = x[i];");

/**
 * Cuts heads of x in two: what comes first goes to the same place of heads of y, the rest to rows of their own, one a head.
 * y's heads have their own size; a row of `rest` ends in zeros.
 */
export const cutHeadsShader: Shader = elementwise(
  "cut heads",
  ["heads", "first", "cols", "rest_stride", "x_stride", "y_stride", "y_head"],
  [floats("x"), written("y"), written("rest")],
  `let wide = p.first + p.rest_stride; let row = i / wide; let within = i % wide;
let token = row / p.heads; let head = row % p.heads;
let start = token * p.x_stride + head * (p.first + p.cols);
if (within < p.first) { y[token * p.y_stride + head * p.y_head + within] = x[start + within]; }
else { let c = within - p.first; rest[row * p.rest_stride + c] = select(0.0, x[start + p.first + min(c, p.cols - 1u)], c < p.cols); }`,
);

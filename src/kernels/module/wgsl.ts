// A WGSL shader as plain data, and the module text that is made of it.

/** A buffer that a shader reads, or also writes. */
export interface ShaderBuffer {
  readonly name: string;
  /** Its WGSL type, as `array<f32>`. */
  readonly type: string;
  readonly writes?: boolean;
}

/** A compute shader: what it is given, and what one invocation of it does. */
export interface Shader {
  /** Tells it from all others that the same device may have. */
  readonly name: string;
  /** Names of its numbers: `tokens`, or `factor: f32`; u32 where no type is named. */
  readonly params: readonly string[];
  readonly buffers: readonly ShaderBuffer[];
  /** Invocations of a workgroup. */
  readonly size: number;
  /** Constants, functions and workgroup memory. */
  readonly declarations?: string;
  /** What an invocation does; it knows its workgroup as `group` (vec3u) and itself within it as `lane`. */
  readonly body: string;
}

/** Bytes of a shader's numbers, which lie in a uniform buffer. */
export function paramBytes({ params }: Shader): number {
  return Math.max(16, Math.ceil(params.length / 4) * 16);
}

/** The module's text. Its entry point is `main`; numbers are binding 0, buffers follow. */
export function toWgsl({ params, buffers, size, declarations = "", body }: Shader): string {
  const fields = params.length > 0 ? params : ["unused"];
  const typed = fields.map((param) => (param.includes(":") ? param : `${param}: u32`));
  const bindings = buffers.map(
    ({ name, type, writes }, i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${writes ? "read_write" : "read"}> ${name}: ${type};`,
  );
  return `struct Params { ${typed.join(", ")} }
@group(0) @binding(0) var<uniform> p: Params;
${bindings.join("\n")}
${declarations}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
${body}
}
`;
}

/** A buffer of f32 values that is only read, or also written. */
export const floats = (name: string): ShaderBuffer => ({ name, type: "array<f32>" });
export const written = (name: string): ShaderBuffer => ({ name, type: "array<f32>", writes: true });
/** A buffer of words that is only read. */
export const words = (name: string): ShaderBuffer => ({ name, type: "array<u32>" });
/** Fours of f32 values. */
export const fours = (name: string): ShaderBuffer => ({ name, type: "array<vec4f>" });

/** What stands for "none" among a shader's offsets. */
export const NONE = 0xffff_ffff;

/** Rows of activations begin at multiples of so many values; what fills them up is zero and stays so. */
export const ROW_UNIT = 32;

/** Values from one row of activations to the next. */
export const strideOf = (width: number): number => Math.ceil(width / ROW_UNIT) * ROW_UNIT;

/** 1 / (1 + e^-x) */
export const sigmoid = `fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }`;

/**
 * Sums `own` of all `size` invocations in a fixed order; all must call it. Needs workgroup memory of one f32 each.
 */
export const sumAll = (size: number): string => `
var<workgroup> sums: array<f32, ${size}>;
fn sum_all(lane: u32, own: f32) -> f32 {
  workgroupBarrier();
  sums[lane] = own;
  for (var half = ${size / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  return sums[0];
}`;

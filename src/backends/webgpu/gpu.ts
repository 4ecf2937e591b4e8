// A WebGPU device at work: shaders compiled once, calls sent together, values read back.
import { BaimoError } from "../../errors.ts";
import { paramBytes, type Shader, toWgsl } from "../../kernels/module/wgsl.ts";

/** GPUBufferUsage, which Node's global scope lacks. */
const USAGE = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;
const STAGE_COMPUTE = 4;
const MAP_READ = 1;
/** Numbers of one call lie at multiples of this, which is what every device allows. */
const PARAM_UNIT = 256;
/** Calls of one submission. */
const MOST_CALLS = 2048;
/** Words of data at first. */
const FIRST_DATA_WORDS = 1 << 16;

/** A buffer on the device. */
export interface Area {
  readonly buffer: GPUBuffer;
  readonly id: number;
  readonly bytes: number;
}

/** Some bytes of a buffer. */
export interface AreaPart {
  readonly area: Area;
  readonly at: number;
  readonly bytes: number;
}

/** A compiled shader. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Which of its numbers are f32. */
  readonly isFloat: readonly boolean[];
  readonly bytes: number;
  readonly groups: Map<string, GPUBindGroup>;
}

/** What has been done since the device was opened: what tests count. */
export interface GpuCounts {
  calls: number;
  submissions: number;
  readBacks: number;
  readBytes: number;
  buffers: number;
  /** Bytes of weights that calls have gone through. */
  weightBytes: number;
}

export class Gpu {
  readonly device: GPUDevice;
  /** Resolves when the device is gone, and what was there with it. */
  readonly lost: Promise<BaimoError>;
  readonly counts: GpuCounts = {
    calls: 0,
    submissions: 0,
    readBacks: 0,
    readBytes: 0,
    buffers: 0,
    weightBytes: 0,
  };
  /** Rises with every submission: what has been put into the data before it is gone. */
  epoch = 0;
  readonly #pipelines = new Map<string, Pipeline>();
  /** Weakly, so that what nobody holds is free. */
  #areas: WeakRef<Area>[] = [];
  #ids = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  readonly #params: Area;
  readonly #paramWords = new Uint32Array((MOST_CALLS * PARAM_UNIT) / 4);
  readonly #paramFloats = new Float32Array(this.#paramWords.buffer);
  #calls = 0;
  #dataWords = new Uint32Array(FIRST_DATA_WORDS);
  #dataEnd = 0;
  #data: Area;
  /** Data buffers that grew too small while calls that read them were recorded. */
  readonly #outgrown: Area[] = [];
  /** To be freed when the calls that are recorded have been sent. */
  readonly #leaving: Area[] = [];
  readonly #staging: Area[] = [];
  #failure: BaimoError | undefined;

  constructor(device: GPUDevice) {
    this.device = device;
    this.lost = device.lost.then(({ message, reason }) => {
      const why = reason === "destroyed" ? "it was given up" : message || "the driver does not say why";
      const error = new BaimoError("device", `the GPU was lost: ${why}; open the model again`);
      this.#failure ??= error;
      return error;
    });
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      const code = typeof GPUOutOfMemoryError !== "undefined" && error instanceof GPUOutOfMemoryError;
      this.#failure ??= new BaimoError(
        code ? "memory" : "device",
        `the GPU refused a call: ${error.message}`,
      );
    });
    this.#params = this.allocate(this.#paramWords.byteLength, USAGE.uniform);
    this.#data = this.allocate(this.#dataWords.byteLength);
  }

  /** A buffer of zeros. */
  allocate(bytes: number, usage: number = USAGE.storage): Area {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const transfer = usage === USAGE.mapRead ? USAGE.copyTarget : USAGE.copySource | USAGE.copyTarget;
    const buffer = this.device.createBuffer({ size, usage: usage | transfer });
    this.counts.buffers++;
    const area = { buffer, bytes: size, id: this.#ids++ };
    this.#areas.push(new WeakRef(area));
    return area;
  }

  free(area: Area): void {
    area.buffer.destroy();
  }

  /** Frees a buffer that calls recorded before may read. */
  freeLater(area: Area): void {
    this.#leaving.push(area);
  }

  /** Lets go of the buffers of past calls. */
  forgetCalls(): void {
    for (const { groups } of this.#pipelines.values()) groups.clear();
    this.#areas = this.#areas.filter((area) => area.deref());
  }

  /** Writes whole words, before what is recorded now. */
  write(
    area: Area,
    at: number,
    bytes: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
  ): void {
    this.device.queue.writeBuffer(area.buffer, at, bytes);
  }

  /** The compiled shader of this name; made where it is new. */
  pipeline(name: string, make: () => Shader): Pipeline {
    const known = this.#pipelines.get(name);
    if (known) return known;
    const shader = make();
    const { device } = this;
    const bytes = paramBytes(shader);
    const layout = device.createBindGroupLayout({
      entries: [
        {
          binding: 0,
          visibility: STAGE_COMPUTE,
          buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: bytes },
        },
        ...shader.buffers.map(({ writes }, i) => ({
          binding: i + 1,
          visibility: STAGE_COMPUTE,
          buffer: { type: writes ? ("storage" as const) : ("read-only-storage" as const) },
        })),
      ],
    });
    const module = device.createShaderModule({ label: shader.name, code: toWgsl(shader) });
    const pipeline = device.createComputePipeline({
      label: shader.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const isFloat = shader.params.map((param) => param.endsWith(": f32"));
    const made = { pipeline, layout, isFloat, bytes, groups: new Map<string, GPUBindGroup>() };
    this.#pipelines.set(name, made);
    return made;
  }

  /** Records a call: `numbers` in the order of the shader's params, `x` times `y` workgroups. */
  call(pipeline: Pipeline, areas: readonly Area[], numbers: readonly number[], x: number, y = 1): void {
    if (x === 0 || y === 0) return;
    if (numbers.length !== pipeline.isFloat.length)
      throw new Error(
        `${pipeline.pipeline.label} takes ${pipeline.isFloat.length} numbers, not ${numbers.length}`,
      );
    const at = this.#calls++ * PARAM_UNIT;
    for (let i = 0; i < numbers.length; i++) {
      if (pipeline.isFloat[i]) this.#paramFloats[at / 4 + i] = numbers[i];
      else this.#paramWords[at / 4 + i] = numbers[i];
    }
    const pass = this.#openPass();
    pass.setPipeline(pipeline.pipeline);
    pass.setBindGroup(0, this.#groupOf(pipeline, areas), [at]);
    pass.dispatchWorkgroups(x, y);
    this.counts.calls++;
  }

  #groupOf({ layout, bytes, groups }: Pipeline, areas: readonly Area[]): GPUBindGroup {
    let key = "";
    for (const { id } of areas) key += `${id},`;
    const known = groups.get(key);
    if (known) return known;
    const group = this.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.#params.buffer, size: bytes } },
        ...areas.map(({ buffer }, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
    groups.set(key, group);
    return group;
  }

  #openPass(): GPUComputePassEncoder {
    this.#encoder ??= this.device.createCommandEncoder();
    return (this.#pass ??= this.#encoder.beginComputePass());
  }

  /** Ends the calls recorded so far, for copies behind them. */
  #openCopies(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    return (this.#encoder ??= this.device.createCommandEncoder());
  }

  /** Has room for the calls of one operation, so that none of them is submitted without its data. */
  reserve(): void {
    if (this.#calls > MOST_CALLS - 256) this.submit();
  }

  /** Puts words where calls recorded before the next submission can read them; from which word on they lie. */
  put(
    words: Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | ((at: number) => Uint32Array<ArrayBuffer>),
  ): number {
    const at = this.#dataEnd;
    const given = typeof words === "function" ? words(at) : words;
    if (at + given.length > this.#dataWords.length) this.#growData(at + given.length);
    this.#dataWords.set(given, at);
    this.#dataEnd = at + given.length;
    return at;
  }

  #growData(words: number): void {
    const grown = new Uint32Array(Math.max(words, 2 * this.#dataWords.length));
    grown.set(this.#dataWords);
    this.#outgrown.push(this.#data);
    this.#data = this.allocate(grown.byteLength);
    this.#dataWords = grown;
  }

  /** Where `put` puts words, for calls that come after it. */
  get data(): Area {
    return this.#data;
  }

  /** Records a copy. */
  copy(from: Area, fromByte: number, to: Area, toByte: number, bytes: number): void {
    this.#openCopies().copyBufferToBuffer(from.buffer, fromByte, to.buffer, toByte, bytes);
  }

  /** Records copies of parts over others of the same buffers, by way of `between`: a buffer is not copied to itself. */
  copyParts(from: readonly AreaPart[], to: readonly AreaPart[], between: Area): void {
    for (const [i, { area, at, bytes }] of from.entries()) {
      if (bytes === 0) continue;
      this.copy(area, at, between, 0, bytes);
      this.copy(between, 0, area, to[i].at, bytes);
    }
  }

  /** Writes bytes over parts; what is recorded still sees them as they were. */
  overwrite(parts: readonly AreaPart[], bytes: Uint8Array): void {
    this.submit();
    let from = 0;
    for (const { area, at, bytes: length } of parts) {
      this.write(area, at, Uint8Array.from(bytes.subarray(from, from + length)));
      from += length;
    }
  }

  /** Sends what was recorded. */
  submit(): void {
    if (!this.#encoder) return;
    const encoder = this.#openCopies();
    if (this.#calls > 0)
      this.device.queue.writeBuffer(
        this.#params.buffer,
        0,
        this.#paramWords,
        0,
        (this.#calls * PARAM_UNIT) / 4,
      );
    if (this.#dataEnd > 0) {
      for (const { buffer, bytes } of [...this.#outgrown, this.#data])
        this.device.queue.writeBuffer(buffer, 0, this.#dataWords, 0, Math.min(this.#dataEnd, bytes / 4));
    }
    this.device.queue.submit([encoder.finish()]);
    for (const area of [...this.#outgrown.splice(0), ...this.#leaving.splice(0)]) this.free(area);
    this.#encoder = undefined;
    this.#calls = 0;
    this.#dataEnd = 0;
    this.epoch++;
    this.counts.submissions++;
  }

  /** Whether something was recorded and not sent. */
  get isRecording(): boolean {
    return this.#encoder !== undefined;
  }

  /**
   * Sends what was recorded, waits for it, and takes bytes out.
   * @throws {BaimoError} `device` when the device is lost or has refused a call
   */
  async read(parts: readonly AreaPart[]): Promise<ArrayBuffer> {
    const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    this.check();
    const staging = this.#takeStaging(total);
    let to = 0;
    for (const { area, at, bytes } of parts) {
      this.copy(area, at, staging, to, bytes);
      to += bytes;
    }
    this.submit();
    this.counts.readBacks++;
    this.counts.readBytes += total;
    const size = Math.ceil(total / 8) * 8;
    try {
      await staging.buffer.mapAsync(MAP_READ, 0, size);
    } catch (cause) {
      await this.device.lost; // nothing else keeps a buffer from being mapped
      throw this.#failure ?? new BaimoError("device", "the GPU did not answer", { cause });
    }
    const copied = staging.buffer.getMappedRange(0, size).slice(0, total);
    staging.buffer.unmap();
    this.#staging.push(staging);
    this.check();
    return copied;
  }

  #takeStaging(bytes: number): Area {
    const fits = this.#staging.findIndex((area) => area.bytes >= bytes);
    if (fits >= 0) return this.#staging.splice(fits, 1)[0];
    return this.allocate(2 ** Math.ceil(Math.log2(Math.max(1024, bytes))), USAGE.mapRead);
  }

  /** Waits until all that was sent is done. */
  async finish(): Promise<void> {
    this.submit();
    await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /** @throws {BaimoError} what has gone wrong */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Frees all buffers but what recording needs. */
  freeAll(): void {
    for (const area of this.#areas.map((known) => known.deref())) {
      if (area && area !== this.#params && area !== this.#data) this.free(area);
    }
    this.#areas = [new WeakRef(this.#params), new WeakRef(this.#data)];
    this.#staging.length = 0;
    this.forgetCalls();
  }
}

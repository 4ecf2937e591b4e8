// Accelerators as data: dense peak, memory, bandwidth, each with source and date.
import { BaimoError } from "../../errors.ts";
import { nearestName } from "../../nearest.ts";
import { assumed, given, type Input, published, type Source, unknown } from "../quantity/quantity.ts";

/** One device. Figures that nobody published are unknown. */
export interface Accelerator {
  readonly name: string;
  /** Dense 16-bit matrix products. */
  readonly peak: Input<"FLOP/second">;
  readonly memory: Input<"byte">;
  readonly bandwidth: Input<"byte/second">;
  readonly power: Input<"kilowatt">;
}

const a100: Source = {
  title: "NVIDIA A100 80GB data sheet",
  url: "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf",
  date: "2021-06",
};
const h100: Source = {
  title: "NVIDIA H100 Tensor Core GPU Architecture, table 2",
  url: "https://resources.nvidia.com/en-us-tensor-core",
  date: "2023",
};
const h200: Source = {
  title: "NVIDIA H200 data sheet (its 16-bit figure is with sparsity; half of it is dense)",
  url: "https://www.nvidia.com/en-us/data-center/h200/",
  date: "2023-11",
};
const mi300x: Source = {
  title: "AMD Instinct MI300X data sheet",
  url: "https://www.amd.com/en/products/accelerators/instinct/mi300/mi300x.html",
  date: "2023-12",
};
const b200: Source = {
  title: "NVIDIA HGX B200 data sheet (its 16-bit figure is with sparsity; half of it is dense)",
  url: "https://www.nvidia.com/en-us/data-center/hgx/",
  date: "2024-11",
};
const ascend: Source = {
  title: "Huawei launches Ascend 910, press release",
  url: "https://www.huawei.com/en/news/2019/8/huawei-ascend-910-most-powerful-ai-processor",
  date: "2019-08-23",
};
const epyc: Source = {
  title: "AMD EPYC 9654 product page: 12 channels of DDR5-4800",
  url: "https://www.amd.com/en/products/processors/server/epyc/4th-generation-9004-and-8004-series/amd-epyc-9654.html",
  date: "2022-11",
};

/** A device by its data sheet: teraFLOP/s dense, gigabytes, terabytes a second, watts. */
function sheet(
  name: string,
  source: Source,
  [tflops, gigabytes, terabytesPerSecond, watts]: readonly [number, number, number, number],
): Accelerator {
  return {
    name,
    peak: published("dense 16-bit peak", tflops * 1e12, "FLOP/second", source),
    memory: published("memory", gigabytes * 1e9, "byte", source),
    bandwidth: published("memory bandwidth", terabytesPerSecond * 1e12, "byte/second", source),
    power: published("power", watts / 1000, "kilowatt", source),
  };
}

/** The export version of another, which differs in its links between devices. */
function exported(name: string, of: Accelerator): Accelerator {
  const why = `taken to be the ${of.name}'s: the export version is said to differ in its links, 400 GB/s; no data sheet was read`;
  const same = <U extends "FLOP/second" | "byte" | "byte/second" | "kilowatt">(figure: Input<U>) =>
    assumed(figure.name, figure.value!, figure.unit, why); // a data sheet's, so not null
  return {
    name,
    peak: same(of.peak),
    memory: same(of.memory),
    bandwidth: same(of.bandwidth),
    power: same(of.power),
  };
}

const a100Sxm = sheet("A100-80", a100, [312, 80, 2.039, 400]);
const h100Sxm = sheet("H100-SXM", h100, [989.4, 80, 3.35, 700]);
const notPublished = "the source has no such figure";

export const accelerators: readonly Accelerator[] = [
  a100Sxm,
  exported("A800", a100Sxm),
  h100Sxm,
  exported("H800", h100Sxm),
  sheet("H200", h200, [989.4, 141, 4.8, 700]),
  sheet("MI300X", mi300x, [1307.4, 192, 5.3, 750]),
  sheet("B200", b200, [2250, 180, 7.7, 1000]),
  {
    name: "Ascend-910",
    peak: published("dense 16-bit peak", 256e12, "FLOP/second", ascend),
    memory: unknown("memory", "byte", notPublished),
    bandwidth: unknown("memory bandwidth", "byte/second", notPublished),
    power: published("power", 0.31, "kilowatt", ascend),
  },
  {
    name: "EPYC-9654",
    peak: unknown("dense 16-bit peak", "FLOP/second", notPublished),
    memory: unknown("memory", "byte", "as much as is put in"),
    bandwidth: published("memory bandwidth", 460.8e9, "byte/second", epyc),
    power: published("power", 0.36, "kilowatt", epyc),
  },
];

/**
 * The accelerator of that name, in any case.
 * @throws {BaimoError} `request` with the nearest names
 */
export function findAccelerator(name: string): Accelerator {
  const found = accelerators.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  const names = accelerators.map((each) => each.name);
  const near = nearestName(name, names);
  const hint = near ? `did you mean ${near}?` : `known: ${names.join(", ")}`;
  throw new BaimoError("request", `no accelerator is called ${JSON.stringify(name.slice(0, 60))}; ${hint}`, {
    option: "accelerator",
  });
}

/** Figures of a device of one's own. */
export interface AcceleratorFigures {
  readonly name: string;
  readonly tflops?: number;
  readonly gigabytes?: number;
  readonly gigabytesPerSecond?: number;
  /** What the peak is of. */
  readonly sparse?: boolean;
}

/**
 * An accelerator by figures that someone gives.
 * @throws {BaimoError} `request` for a peak with sparsity
 */
export function accelerator({
  name,
  tflops,
  gigabytes,
  gigabytesPerSecond,
  sparse,
}: AcceleratorFigures): Accelerator {
  const twin = accelerators.find(
    ({ peak }) => tflops !== undefined && peak.value !== null && isDouble(tflops * 1e12, peak.value),
  );
  if (sparse || (twin && name.toLowerCase().includes(twin.name.toLowerCase().split("-")[0]))) {
    throw new BaimoError(
      "request",
      `${name}: ${tflops} TFLOP/s is a peak with 2:4 sparsity, which no dense model reaches; give the dense peak, half of it`,
      { option: "tflops" },
    );
  }
  return {
    name,
    peak: or(tflops, "dense 16-bit peak", "FLOP/second", 1e12),
    memory: or(gigabytes, "memory", "byte", 1e9),
    bandwidth: or(gigabytesPerSecond, "memory bandwidth", "byte/second", 1e9),
    power: unknown("power", "kilowatt"),
  };
}

const isDouble = (value: number, of: number) => Math.abs(value / of - 2) < 0.01;
const or = <U extends "FLOP/second" | "byte" | "byte/second">(
  value: number | undefined,
  name: string,
  unit: U,
  times: number,
): Input<U> => (value === undefined ? unknown(name, unit) : given(name, value * times, unit));

/** Which device, as options say it: a name, or figures of one's own. */
export interface DeviceOptions {
  readonly accelerator?: string;
  readonly tflops?: number;
  readonly gigabytes?: number;
  readonly gigabytesPerSecond?: number;
}

/** The device of some options: the named one, with figures that are given in place of its own. */
export function deviceOf({
  accelerator: name,
  tflops,
  gigabytes,
  gigabytesPerSecond,
}: DeviceOptions): Accelerator {
  const own = accelerator({ name: name ?? "a device by numbers", tflops, gigabytes, gigabytesPerSecond });
  const hasFigures = [tflops, gigabytes, gigabytesPerSecond].some((figure) => figure !== undefined);
  if (name === undefined) return own;
  const known = accelerators.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!known && hasFigures) return own;
  const of = findAccelerator(name);
  return {
    name: of.name,
    peak: tflops === undefined ? of.peak : own.peak,
    memory: gigabytes === undefined ? of.memory : own.memory,
    bandwidth: gigabytesPerSecond === undefined ? of.bandwidth : own.bandwidth,
    power: of.power,
  };
}

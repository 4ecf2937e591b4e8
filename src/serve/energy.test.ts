// Energy of requests: shared among those at work, counted beyond the end of a counter.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EnergyShares } from "./energy.ts";
import { measuredEnergy, statedEnergy } from "./energy-meters.ts";

test("is divided equally among those at work at a time, and nobody has what was taken before or between", () => {
  let joules = 100;
  const shares = new EnergyShares({ from: "stated", joules: () => joules });
  const one = shares.begin();
  joules += 10;
  const other = shares.begin();
  joules += 20;
  assert.equal(one(), 20);
  joules += 5;
  assert.equal(other(), 15);
  joules += 1000;
  const last = shares.begin();
  joules += 1;
  assert.equal(last(), 1);
});

test("is processor time at the power that is stated", () => {
  const [idle, busy] = [statedEnergy({ watts: 0 }), statedEnergy({ watts: 12, source: "its maker" })];
  const [before, cpu] = [busy.joules(), process.cpuUsage()];
  while (process.cpuUsage(cpu).user < 20_000);
  const took = busy.joules() - before;
  assert.ok(took >= 0.24 && took < 12, `${took} J of 20 ms or a little more at 12 W`);
  assert.deepEqual([idle.joules(), busy.from, busy.source], [0, "stated", "its maker"]);
  assert.throws(() => statedEnergy({ watts: -1 }), /watts/);
});

test("is what the processors' packages count, beyond the end of their counters", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-powercap-"));
  const write = (zone: string, name: string, microjoules: number) => {
    mkdirSync(join(folder, zone), { recursive: true });
    const files = { name: `${name}\n`, energy_uj: `${microjoules}\n`, max_energy_range_uj: "10000000\n" };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, zone, file), text);
  };
  try {
    assert.equal(measuredEnergy(folder), undefined);
    assert.equal(measuredEnergy(join(folder, "none")), undefined);
    write("intel-rapl:0", "package-0", 9_000_000);
    write("intel-rapl:0:0", "core", 1_000_000);
    write("intel-rapl:1", "package-1", 0);
    write("intel-rapl:2", "psys", 0);
    const meter = measuredEnergy(folder)!;
    assert.deepEqual([meter.from, meter.joules()], ["measured", 0]);
    write("intel-rapl:0", "package-0", 500_000);
    write("intel-rapl:0:0", "core", 9_000_000);
    write("intel-rapl:1", "package-1", 250_000);
    write("intel-rapl:2", "psys", 9_000_000);
    assert.equal(meter.joules(), 1.75);
    assert.equal(meter.joules(), 1.75);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

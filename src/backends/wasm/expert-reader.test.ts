// Read-ahead: the queue between ranks and the reading thread; order, cancelling, bounds, ending.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../../test/until.ts";
import { MOST_AHEAD, queueBytes, ReadAhead, ReaderQueue, startExpertReader } from "./expert-reader.ts";

const MB = 1 << 20;
const range = (offset: number, length = 100) => ({ file: 0, offset, length });

function open(ranks: number) {
  const shared = new SharedArrayBuffer(queueBytes(ranks));
  const workers = Array.from({ length: ranks }, (_, rank) => new ReadAhead(shared, { rank, ranks }));
  return { workers, queue: new ReaderQueue({ shared, ranks, files: [] }) };
}

describe("the queue of what to read ahead", () => {
  it("gives ranges in the order asked for, the ranks in turn", () => {
    const { workers, queue } = open(2);
    assert.equal(queue.take(), undefined);
    workers[0].ask([range(0), range(100)]);
    workers[1].ask([range(1000)]);
    const taken = [queue.take(), queue.take(), queue.take()].map((wanted) => wanted?.offset);
    assert.deepEqual(taken, [0, 1000, 100]);
    assert.equal(queue.take(), undefined);
  });

  it("skips what the worker has reached, and what it asked for before", () => {
    const [worker, queue] = [open(1)].map(({ workers, queue: q }) => [workers[0], q] as const)[0];
    const first = worker.ask([range(0), range(100), range(200), range(300)]);
    const begun = queue.take();
    assert.ok(begun && queue.wanted(begun));
    worker.reach(first + 1);
    assert.ok(!queue.wanted(begun));
    assert.equal(queue.take()?.offset, 200);
    worker.ask([range(5000)]);
    assert.equal(queue.take()?.offset, 5000);
    assert.equal(queue.take(), undefined);
    worker.ask([]);
    assert.equal(queue.take(), undefined);
  });

  it("knows a range as read only under its own number, also when the ring has come round", () => {
    const { workers, queue } = open(1);
    const [worker] = workers;
    for (let round = 0; round < 3000; round++) {
      const first = worker.ask([range(round), range(round + 1)]);
      assert.ok(!worker.isRead(first) && !worker.isRead(first + 1));
      const taken = queue.take();
      assert.equal(taken?.offset, round);
      if (taken) queue.finish(taken);
      assert.ok(worker.isRead(first) && !worker.isRead(first + 1));
    }
  });

  it("reads no further ahead than its bound, and wakes when the worker has gone on", () => {
    const { workers, queue } = open(1);
    const count = MOST_AHEAD / MB + 8;
    const first = workers[0].ask(Array.from({ length: count }, (_, i) => range(i * MB, MB)));
    let taken = 0;
    while (queue.take()) taken++;
    assert.equal(taken, MOST_AHEAD / MB);
    const { signal } = queue;
    workers[0].reach(first + 2);
    assert.notEqual(queue.signal, signal);
    while (queue.take()) taken++;
    assert.equal(taken, MOST_AHEAD / MB + 3);
  });

  it("is left alone by a rank that was asked to rest", () => {
    const { workers, queue } = open(2);
    queue.rest(0, 2);
    const offsets: (number | undefined)[] = [];
    for (let list = 1; list <= 4; list++) {
      const { signal } = queue;
      workers[0].ask([range(list)]);
      assert.equal(queue.signal !== signal, list > 2);
      offsets.push(queue.take()?.offset);
    }
    assert.deepEqual(offsets, [undefined, undefined, 3, 4]);
    workers[1].ask([range(7)]);
    assert.equal(queue.take()?.offset, 7);
  });

  it("leaves out what is more than a list holds", () => {
    const { workers, queue } = open(1);
    const first = workers[0].ask(Array.from({ length: 5000 }, (_, i) => range(i)));
    let taken = 0;
    while (queue.take()) taken++;
    assert.ok(taken > 0 && taken < 5000);
    assert.ok(!workers[0].isRead(first + 4999));
    workers[0].ask([range(7)]);
    assert.equal(queue.take()?.offset, 7);
  });
});

describe("the threads that read ahead", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "baimo-reader-"));
    await writeFile(join(folder, "weights"), new Uint8Array(MB));
  });
  after(() => rm(folder, { recursive: true }));

  it("read what is asked for, go past what cannot be read, and end asleep", async () => {
    const reader = await startExpertReader([{ kind: "path", path: join(folder, "weights") }], 2, {
      readAll: true,
    });
    assert.ok(reader);
    const [one, two] = [0, 1].map((rank) => new ReadAhead(reader.shared, { rank, ranks: 2 }));
    const first = one.ask([range(0, 3000), range(2 * MB), range(MB / 2, MB / 2)]);
    const other = two.ask([range(MB - 1, 1)]);
    await until(() => one.isRead(first) && one.isRead(first + 2) && two.isRead(other));
    assert.ok(!one.isRead(first + 1));
    await reader.close();
  });

  it("are missed by nobody where files cannot be opened, and not started for what is no file", async () => {
    const reader = await startExpertReader([{ kind: "path", path: join(folder, "gone") }], 1);
    assert.ok(reader);
    const worker = new ReadAhead(reader.shared, { rank: 0, ranks: 1 });
    const first = worker.ask([range(0)]);
    await sleep(100);
    worker.reach(first);
    assert.ok(!worker.isRead(first));
    await reader.close();
    assert.equal(await startExpertReader([{ kind: "bytes", bytes: new Uint8Array(8) }], 1), undefined);
  });
});

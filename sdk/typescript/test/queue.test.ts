import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AuditLogError, Client, Queue } from "../src/index.js";
import { all, answer, binary, entry, fake, Log } from "./server.js";

describe("a queue", { skip: !binary && "AUDITLOG_BINARY does not name the log's binary" }, () => {
  const log = new Log();
  let client: Client;
  before(async () => {
    await log.start();
    client = new Client({ url: log.url, token: log.token, pause: 10 });
  });
  after(() => log.close());

  it("records everything, in order", async () => {
    const queue = new Queue(client);
    for (let i = 0; i < 3000; i++) assert(queue.add(entry({ project: "queue", detail: String(i) })));
    assert(await queue.close());
    assert.deepEqual([queue.dropped, queue.add(entry())], [0, false]);
    const details = (await all(client.list({ project: "queue", limit: 1000 }))).map((e) => Number(e.detail));
    assert.deepEqual(details, Array.from({ length: 3000 }, (_, i) => 2999 - i));
  });

  it("waits for a log that is down", async () => {
    await log.stop();
    const queue = new Queue(client);
    for (let i = 0; i < 50; i++) queue.add(entry({ project: "down" }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await log.start();
    assert(await queue.close());
    assert.equal((await all(client.list({ project: "down" }))).length, 50);
  });

  it("loses no other entry with a bad one", async () => {
    const dropped: [string | undefined, string][] = [];
    const queue = new Queue(client, { onDrop: (e, why) => dropped.push([e.detail, why.name]) });
    for (let i = 0; i < 100; i++) queue.add(entry({ project: "bad", detail: String(i), outcome: (i === 41 ? "maybe" : "success") as any }));
    queue.add(entry({ project: "bad", detail: "odd", metadata: { a: 1n as any } }));
    assert(await queue.close());
    assert.deepEqual(dropped.sort(), [["41", "AuditLogError"], ["odd", "Dropped"]]);
    assert.equal((await all(client.list({ project: "bad" }))).length, 99);
  });

  it("drops conflicts", async () => {
    await client.record(entry({ project: "taken", key: "k" }));
    const dropped: unknown[] = [];
    const queue = new Queue(client, { onDrop: (_, why) => dropped.push(why instanceof AuditLogError && why.code) });
    queue.add(entry({ project: "taken", key: "k", outcome: "error" }));
    queue.add(entry({ project: "taken" }));
    assert(await queue.close());
    assert.deepEqual([dropped, queue.dropped], [["conflict"], 1]);
  });
});

it("drops what it has no room for", async () => {
  const log = await fake(answer(503, ""));
  const dropped: string[] = [];
  const queue = new Queue(new Client({ url: log.url, pause: 10 }), { size: 5, onDrop: (_, why) => dropped.push(why.message) });
  const took = Array.from({ length: 8 }, () => queue.add(entry()));
  assert.deepEqual(took, [true, true, true, true, true, false, false, false]);
  assert.deepEqual(dropped, Array(3).fill("the queue is full"));
  assert.equal(await queue.close(100), false);
  assert.deepEqual([queue.dropped, dropped.length], [8, 8]);
  await log.close();
});

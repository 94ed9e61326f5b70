import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AuditLogError, Client, type Method, type paths, type StreamMethod } from "../src/index.js";
import { pause, retryAfter } from "../src/retry.js";
import { all, answer, binary, entry, fake, hangup, Log, ok, token } from "./server.js";

const recorded = ok({ recorded: 1, duplicates: 0, skipped: 0, entries: [{ id: 1 }] });
const failsWith = (code: string, more: object = {}) => (err: unknown) => {
  assert(err instanceof AuditLogError, String(err));
  assert.deepEqual({ code: err.code, ...Object.fromEntries(Object.keys(more).map((k) => [k, (err as any)[k]])) }, { code, ...more });
  return true;
};

/** What of the API a Client has no way to call: nothing, or this does not compile. */
type Posts = { [P in keyof paths]: paths[P] extends { post: object } ? P : never }[keyof paths];
const missing: Exclude<Posts extends `/${infer M}` ? M : never, Method | StreamMethod>[] = [];
void (missing satisfies never[]);

describe("against a log", { skip: !binary && "AUDITLOG_BINARY does not name the log's binary" }, () => {
  const log = new Log();
  let client: Client;
  before(async () => {
    await log.start();
    client = new Client(log);
  });
  after(() => log.close());

  it("records and reads back", async () => {
    const at = new Date("2026-05-04T08:15:30.123Z");
    const result = await client.record([entry({ project: "back", detail: "ünï", createdAt: at }), entry({ project: "back", outcome: "forbidden" })]);
    assert.deepEqual([result.recorded, result.entries.length], [2, 2]);
    const [newest, oldest] = await all(client.list({ project: "back" }));
    assert.deepEqual([newest!.outcome, oldest!.detail, new Date(oldest!.createdAt)], ["forbidden", "ünï", at]);
    assert.deepEqual(await client.get("back", oldest!.id), oldest);
    const ids = async (filters: object) => (await all(client.list({ project: "back", ...filters }))).map((e) => e.id);
    assert.deepEqual(await ids({ outcome: ["forbidden"] }), [newest!.id]);
    assert.deepEqual(await ids({ not: { outcome: "forbidden" } }), [oldest!.id]);
    assert.deepEqual(await ids({ to: new Date(+at + 1000) }), [oldest!.id]);
    assert.equal((await client.stats({ project: "back" })).total, 2);
  });

  it("pages and batches", async () => {
    const result = await client.record(Array.from({ length: 2500 }, (_, i) => entry({ project: "pages", detail: String(i) })));
    assert.deepEqual([result.recorded, result.entries.length], [2500, 2500]);
    const seqs = (await all(client.list({ project: "pages", limit: 999 }))).map((e) => e.seq);
    assert.deepEqual(seqs, Array.from({ length: 2500 }, (_, i) => 2500 - i));
  });

  it("exports", async () => {
    await client.record(Array.from({ length: 20 }, () => entry({ project: "export" })));
    const lines = await all(client.export({ project: "export", action: "deployment.deploy" }));
    assert.equal(lines.map((l) => JSON.parse(l)).length, 20);
    assert.equal((await all(client.export({ project: "export", action: "deployment.deploy", format: "csv" }))).length, 21);
  });

  it("records a key once", async () => {
    await client.record(entry({ project: "keys", key: "a" }));
    assert.equal((await client.record(entry({ project: "keys", key: "a" }))).duplicates, 1);
    const result = await client.record([entry({ project: "keys", key: "a", outcome: "error" }), entry({ project: "keys" })]);
    assert.deepEqual([result.recorded, result.conflicts, result.entries[0]!.conflict], [1, 1, true]);
  });

  it("says what is wrong", async () => {
    const many = [...Array.from({ length: 1001 }, () => entry()), entry({ outcome: "maybe" as any })];
    await assert.rejects(client.record(many), (err: AuditLogError) => {
      failsWith("invalid", { status: 400, entry: 1001, path: "entries[1001].outcome" })(err);
      assert.match(err.message, /entries\[1001\]\.outcome: must be/);
      return err.result?.recorded === 1000;
    });
    await assert.rejects(new Client({ url: log.url, token: "x".repeat(40) }).call("token.list", {}), failsWith("unauthenticated"));
    await assert.rejects(client.get("acme", 2 ** 40), failsWith("not_found"));
  });

  it("calls any other method", async () => {
    await client.record(entry({ project: "gone" }));
    assert.equal((await client.call("project.delete", { project: "gone" })).state, "deleting");
    const made = await client.call("token.create", { owner: "ci@acme", ownerType: "ServiceAccount", role: "recorder", projects: ["acme"] });
    const recorder = new Client({ url: log.url, token: made.token + "\n" });
    assert.equal((await recorder.record(entry())).recorded, 1);
    await assert.rejects(all(recorder.list({ project: "acme" })), failsWith("forbidden"));
  });

  it("pulls and follows, also through a restart", async () => {
    await client.record(Array.from({ length: 5 }, (_, i) => entry({ project: "follow", detail: String(i) })));
    const parts = await all(client.pull({ project: "follow", limit: 2 }));
    assert.deepEqual(parts.map((p) => p.items.length), [2, 2, 1]);
    const enough = new AbortController();
    const seen: number[] = [];
    let cursor = "";
    const followed = (async () => {
      for await (const event of client.follow({ project: "follow", from: 4 }, enough)) {
        if (event.type === "entry") seen.push(event.entry.seq);
        cursor = event.cursor;
        if (seen.length === 2) void log.stop().then(() => log.start()).then(() => client.record(entry({ project: "follow" })));
        if (seen.length === 3) enough.abort(new Error("enough"));
      }
    })();
    await assert.rejects(followed, /enough/);
    assert.deepEqual(seen, [4, 5, 6]);
    assert(cursor);
    await assert.rejects(all(client.follow({ project: "follow", actor: "a", from: "soon" })), failsWith("invalid"));
  });

  it("tells how the log is", async () => {
    const status = await client.status({ zone: "Asia/Bangkok" });
    assert.equal(typeof status.entries, "number");
    await assert.rejects(client.status({ zone: "Atlantis" }), failsWith("invalid"));
  });

  it("has every method of the API", async () => {
    const api: any = await (await fetch(`${log.url}/openapi.json`)).json();
    const methods = Object.entries<any>(api.paths).filter(([, path]) => path.post).map(([path, { post }]) => ({
      name: path.slice(1), json: "application/json" in post.responses[200].content,
    }));
    assert(methods.length > 40);
    for (const { name, json } of methods) {
      const enough = new AbortController();
      const asked = json ? client.call(name as Method, {} as never, enough) : client.stream(name as StreamMethod, {} as never, enough);
      await asked.then(() => enough.abort(), (err) => assert.doesNotMatch(String(err), /there is no method/, name));
    }
    await assert.rejects(client.call("auditLog.nonsense" as Method, {} as never), /there is no method/);
  });

  it("goes on after a restart", async () => {
    await client.record(entry({ project: "restart" }));
    await log.stop();
    await log.start();
    assert.equal((await client.record(entry({ project: "restart" }))).recorded, 1);
  });
});

describe("tries", () => {
  const using = async (answers: Parameters<typeof fake>, test: (log: Awaited<ReturnType<typeof fake>>) => Promise<void>) => {
    const log = await fake(...answers);
    try {
      await test(log);
    } finally {
      await log.close();
    }
  };

  it("again with the same key", () =>
    using([
      hangup, answer(503, { ok: false, error: { code: "unavailable", message: "busy" } }, { "Retry-After": "0" }), answer(502, "<html>"),
      ok({ recorded: 0, duplicates: 1, skipped: 0, entries: [{ id: 7, duplicate: true }] }),
    ], async (log) => {
      const result = await new Client({ url: log.url, pause: 1 }).record(entry());
      assert.deepEqual([result.recorded, result.duplicates, result.entries], [1, 0, [{ id: 7 }]]);
      assert.deepEqual([log.calls.length, new Set(log.calls.map((c) => c.body.entries[0].key)).size], [4, 1]);
    }));

  it("no more than it is told to", () =>
    using([answer(500, { ok: false, error: { code: "internal", message: "oops", requestId: "r1" } })], async (log) => {
      await assert.rejects(new Client({ url: log.url, tries: 3, pause: 1 }).record(entry()), failsWith("internal", { requestId: "r1" }));
      assert.equal(log.calls.length, 3);
    }));

  it("once what must not be done twice", () =>
    using([answer(503, "")], async (log) => {
      await assert.rejects(new Client({ url: log.url, pause: 1 }).call("token.create", { owner: "a", role: "viewer" } as any), failsWith("unavailable"));
      assert.equal(log.calls.length, 1);
    }));

  it("not after a wait of a day", () =>
    using([answer(429, { ok: false, error: { code: "rate_limited", message: "m", limit: "acme" } }, { "Retry-After": "86400" })], async (log) => {
      await assert.rejects(new Client({ url: log.url }).record(entry()), failsWith("rate_limited", { limit: "acme" }));
      assert.equal(log.calls.length, 1);
    }));

  it("no other place", () =>
    using([recorded], (other) => using([answer(307, "", { Location: other.url })], async (log) => {
      await assert.rejects(new Client({ url: log.url, token }).record(entry()), failsWith("invalid", { status: 307 }));
      assert.equal(other.calls.length, 0);
    })));

  it("nothing that is no audit log", async () => {
    for (const body of ["hello", "[]", "{}"]) {
      await using([answer(200, body)], (log) => assert.rejects(new Client({ url: log.url }).record(entry()), /does not answer as an audit log does/));
    }
  });

  it("until the caller has enough", () =>
    using([answer(503, "", { "Retry-After": "60" })], async (log) => {
      const enough = new AbortController();
      const call = new Client({ url: log.url }).record(entry(), enough);
      setTimeout(() => enough.abort(new Error("enough")), 50);
      await assert.rejects(call, /enough/);
    }));

  it("gives up an answer that takes too long", () =>
    using([() => {}], (log) => assert.rejects(new Client({ url: log.url, timeout: 50, tries: 1 }).record(entry()), failsWith("unavailable"))));

  it("takes an export that breaks for an error", () =>
    using([(_, res) => void res.write('{"a":1}\n{"b"', () => setTimeout(() => res.destroy(), 50))], async (log) => {
      const lines = new Client({ url: log.url }).export({ project: "acme" });
      assert.equal((await lines.next()).value, '{"a":1}');
      await assert.rejects(lines.next(), failsWith("unavailable"));
    }));

  it("refuses bad addresses and tokens", async () => {
    for (const url of ["ftp://x", "localhost:7070", "http://", "nonsense"]) {
      assert.throws(() => new Client({ url }), failsWith("invalid"), url);
    }
    assert.throws(() => new Client({ token: "a b" }), failsWith("unauthenticated"));
    await assert.rejects(new Client({ url: "http://127.0.0.1:1", tries: 1 }).record(entry()), failsWith("unavailable"));
  });

  it("sends what was asked for", () =>
    using([ok({ items: [] })], async (log) => {
      await all(new Client({ url: log.url + "/audit/", token: "t", channel: "cli" }).list({ project: "acme", from: new Date(0), q: undefined }));
      const call = log.calls[0]!;
      assert.deepEqual(call.body, { project: "acme", from: "1970-01-01T00:00:00.000Z" });
      assert.deepEqual([call.url, call.headers.authorization, call.headers["x-auditlog-channel"]], ["/audit/auditLog.list", "Bearer t", "cli"]);
    }));
});

it("waits longer after each failure", () => {
  for (const [n, most] of [[1, 100], [2, 200], [5, 1600], [50, 30_000]] as const) {
    const ms = pause(n, 100);
    assert(most / 2 <= ms && ms <= most, `${n}: ${ms}`);
  }
  const now = Date.UTC(2000, 0, 1);
  for (const [header, want] of [["3", 3000], ["999999", 120_000], ["-1", 0], [null, 0], ["soon", 0],
    ["Sat, 01 Jan 2000 00:00:05 GMT", 5000], ["Fri, 31 Dec 1999 00:00:05 GMT", 0]] as const) {
    assert.equal(retryAfter(header, now), want, String(header));
  }
});

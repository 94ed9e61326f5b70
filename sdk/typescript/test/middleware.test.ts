import express from "express";
import fastify from "fastify";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { audit as expressAudit } from "../src/express.js";
import { audit as fastifyAudit } from "../src/fastify.js";
import { Client, type Entry, Queue } from "../src/index.js";
import { all, binary, Log } from "./server.js";

describe("middleware", { skip: !binary && "AUDITLOG_BINARY does not name the log's binary" }, () => {
  const log = new Log();
  let client: Client;
  before(async () => {
    await log.start();
    client = new Client(log);
  });
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close().closeAllConnections();
    return log.close();
  });

  async function listen(app: express.Express): Promise<string> {
    const server = createServer(app).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Calls a service in several ways, and returns what the log has of it, oldest first. */
  async function exercise(project: string, url: string, queue: Queue): Promise<Entry[]> {
    const headers = { "X-Request-Id": "r-1", "User-Agent": "tester/1" };
    for (const [method, path] of [["POST", "/roles/7?secret=1"], ["GET", "/roles/7"], ["DELETE", "/roles/8"], ["POST", "/unknown"], ["PUT", "/ignored"], ["PATCH", "/fails"]]) {
      await fetch(url + path, { method: method!, headers }).then((r) => r.text());
    }
    const gone = new AbortController();
    const hangs = fetch(`${url}/hangs`, { method: "POST", signal: gone.signal });
    setTimeout(() => gone.abort(), 100);
    await assert.rejects(hangs);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert(await queue.close());
    return (await all(client.list({ project }))).reverse();
  }

  function check(entries: Entry[]): void {
    assert.deepEqual(entries.map((e) => [e.action, e.outcome, e.resource.id ?? ""]), [
      ["role.post", "success", "7"], ["role.delete", "forbidden", "8"], ["role.post", "error", ""],
      ["role.patch", "error", ""], ["role.post", "error", ""],
    ]);
    const [first] = entries;
    assert.deepEqual([first!.request?.id, first!.request?.userAgent, first!.detail], ["r-1", "tester/1", "POST /roles/7: 201"]);
    assert.match(first!.request!.ip!, /127\.0\.0\.1/);
    assert.match(entries[4]!.detail!, /the connection closed/);
  }

  const described = (project: string, method: string, url: string, id?: string) =>
    url === "/ignored" ? undefined : { project, actor: { email: "ada@example.com" }, action: `role.${method.toLowerCase()}`, resource: { type: "Role", id } };

  it("of Express", async () => {
    const queue = new Queue(client);
    const app = express();
    app.use(expressAudit<express.Request>({ queue, describe: (req) => described("express", req.method, req.originalUrl, req.params?.["id"] as string | undefined) }));
    app.post("/roles/:id", (_, res) => void res.status(201).send("made"));
    app.delete("/roles/:id", (_, res) => void res.status(403).send("no"));
    app.put("/ignored", (_, res) => void res.send());
    app.patch("/fails", () => { throw new Error("oops"); });
    app.post("/hangs", () => {});
    app.use(((_err, _req, res, _next) => void res.status(500).send("oops")) as express.ErrorRequestHandler);
    check(await exercise("express", await listen(app), queue));
  });

  it("of Fastify", async () => {
    const queue = new Queue(client);
    const app = fastify();
    await app.register(fastifyAudit({
      queue, describe: (req) => described("fastify", req.method, req.url.split("?")[0]!, ((req as { params?: { id?: string } }).params ?? {}).id),
    }));
    app.post("/roles/:id", (_, reply) => reply.code(201).send("made"));
    app.delete("/roles/:id", (_, reply) => reply.code(403).send("no"));
    app.put("/ignored", () => "");
    app.patch("/fails", () => { throw new Error("oops"); });
    app.post("/hangs", () => new Promise(() => {}));
    servers.push(app.server);
    check(await exercise("fastify", await app.listen({ port: 0, host: "127.0.0.1" }), queue));
  });

  it("is told what describe throws, and fails no call", async () => {
    const errors: unknown[] = [];
    const app = express();
    app.use(expressAudit({ queue: new Queue(client), describe: () => { throw new Error("odd"); }, onError: (err) => errors.push(err) }));
    app.post("/", (_, res) => void res.send("fine"));
    const response = await fetch(await listen(app), { method: "POST" });
    assert.equal(await response.text(), "fine");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.match(String(errors), /odd/);
  });
});

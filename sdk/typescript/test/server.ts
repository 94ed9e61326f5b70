import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { EntryInput } from "../src/index.js";

/** The log's binary; tests that need it are skipped without. */
export const binary = process.env["AUDITLOG_BINARY"] ?? "";
export const token = "Vq3r8ZkT1mXw5NcY7bLd2HsJ9fGpQa4E";

/** A server with a folder of its own, which can be stopped and started again on its port. */
export class Log {
  #process: ChildProcess | undefined;
  #folder = "";
  url = "";
  readonly token = token;

  async start(): Promise<this> {
    this.#folder ||= await mkdtemp(join(tmpdir(), "auditlog-ts-"));
    const address = this.url ? new URL(this.url).host : "127.0.0.1:0";
    this.#process = spawn(binary, ["serve", "--data", this.#folder, "--listen", address], {
      env: { ...process.env, AUDITLOG_ADMIN_TOKEN: token }, stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process.stderr!.resume();
    this.url = await new Promise<string>((resolve, reject) => {
      createInterface(this.#process!.stdout!).on("line", (line) => {
        const found = /listening on (http:\/\/[\d.:]+)/.exec(line);
        if (found) resolve(found[1]!);
      });
      this.#process!.once("exit", (code) => reject(new Error(`the log does not start: exit code ${code}`)));
    });
    return this;
  }

  async stop(): Promise<void> {
    const p = this.#process!;
    const ended = new Promise((resolve) => p.once("exit", resolve));
    p.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true });
  }
}

/** A receiver that answers each call with the next of some answers, then with the last one. */
export async function fake(...answers: ((req: IncomingMessage, res: ServerResponse) => void)[]) {
  const calls: { url: string; headers: IncomingMessage["headers"]; body: any }[] = [];
  const server = createServer((req, res) => {
    let body = "";
    req.on("data", (part) => (body += part));
    req.on("end", () => {
      calls.push({ url: req.url!, headers: req.headers, body: JSON.parse(body) });
      (answers.length > 1 ? answers.shift()! : answers[0]!)(req, res);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    calls,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

export const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (_: IncomingMessage, res: ServerResponse) => void res.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
export const ok = (result: unknown) => answer(200, { ok: true, result });
export const hangup = (req: IncomingMessage) => void req.socket.destroy();

export const entry = (more: Partial<EntryInput> = {}): EntryInput => ({
  project: "acme", actor: { email: "ada@example.com" }, action: "deployment.deploy",
  resource: { type: "Deployment", name: "web" }, outcome: "success", ...more,
});

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

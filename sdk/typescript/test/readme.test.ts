import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Client } from "../src/index.js";
import { all, binary, Log } from "./server.js";

const run = promisify(execFile);

describe("the README's snippets", { skip: !binary && "AUDITLOG_BINARY does not name the log's binary" }, () => {
  const log = new Log();
  let folder: string;
  before(async () => {
    await log.start();
    // As a user has it: a project of their own, with the package and what it does not need installed.
    folder = await mkdtemp(join(tmpdir(), "auditlog-readme-"));
    await mkdir(join(folder, "node_modules"));
    await symlink(process.cwd(), join(folder, "node_modules", "auditlog-client"));
    for (const name of ["express", "@types"]) {
      await symlink(join(process.cwd(), "node_modules", name), join(folder, "node_modules", name));
    }
    await writeFile(join(folder, "package.json"), `{"type":"module"}`);
  });
  after(async () => {
    await log.close();
    await rm(folder, { recursive: true });
  });

  it("compile and run", async () => {
    const text = await readFile("README.md", "utf8");
    const snippets = [...text.matchAll(/```ts\n(.*?)```/gs)].map((m) => m[1]!);
    assert(snippets.length >= 4);
    const files = await Promise.all(snippets.map(async (s, i) => {
      await writeFile(join(folder, `snippet${i}.ts`), s);
      return `snippet${i}.ts`;
    }));
    const tsc = join(process.cwd(), "node_modules", ".bin", "tsc");
    await run(tsc, [...files, "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node"], { cwd: folder });
    const env = { ...process.env, AUDITLOG_URL: log.url, AUDITLOG_TOKEN: log.token };
    const said: string[] = [];
    for (const file of files) {
      const { stdout, stderr } = await run(process.execPath, [file.replace(/ts$/, "js")], { cwd: folder, env, timeout: 20_000 });
      assert.equal(stderr, "");
      said.push(stdout);
    }
    assert.match(said[0]!, /ada@example\.com deployment\.deploy/);
    assert.match(said[1]!, /acme 1\nnot_found/);
    assert.deepEqual((await all(new Client(log).list({ project: "acme" }))).map((e) => e.action), ["role.grant", "deployment.deploy"]);
  });
});

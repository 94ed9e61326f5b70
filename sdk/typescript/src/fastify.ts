import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { type AuditOptions, changes, recordCall } from "./middleware.js";

export type { AuditOptions, Described } from "./middleware.js";

/** What is used of a request of Fastify's. */
export interface FastifyRequestLike {
  method: string;
  url: string;
  ip: string;
  headers: IncomingHttpHeaders;
}

interface FastifyLike<Request> {
  addHook(name: "onRequest", hook: (request: Request, reply: { raw: ServerResponse }, done: () => void) => void): unknown;
}

/**
 * A plugin for Fastify: the calls that may change something, all but GET, HEAD and OPTIONS, become
 * entries once they have been answered. It never makes a call wait for the log, and never fails
 * one. Register it before the routes; it reaches all of them.
 */
export function audit<Request extends FastifyRequestLike>(options: AuditOptions<Request>) {
  const plugin = (fastify: FastifyLike<Request>, _: unknown, done: () => void): void => {
    fastify.addHook("onRequest", (request, reply, next) => {
      if (changes(request.method)) {
        const began = new Date();
        const res = reply.raw;
        res.once("close", () =>
          recordCall(options, request, {
            method: request.method, url: request.url, status: res.statusCode, finished: res.writableFinished, began,
            ip: request.ip, headers: request.headers,
          }));
      }
      next();
    });
    done();
  };
  // What Fastify looks at to let a plugin's hooks reach beyond the plugin.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

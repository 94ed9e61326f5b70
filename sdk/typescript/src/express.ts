import type { IncomingMessage, ServerResponse } from "node:http";
import { type AuditOptions, changes, recordCall } from "./middleware.js";

export type { AuditOptions, Described } from "./middleware.js";

/**
 * Middleware for Express, and for whatever else takes (req, res, next): the calls that may change
 * something, all but GET, HEAD and OPTIONS, become entries once they have been answered. It never
 * makes a call wait for the log, and never fails one. Put it before the routes.
 */
export function audit<Request extends IncomingMessage>(options: AuditOptions<Request>) {
  return (req: Request, res: ServerResponse, next: (err?: unknown) => void): void => {
    if (changes(req.method)) {
      const began = new Date();
      const { originalUrl, ip } = req as { originalUrl?: string; ip?: string };
      const url = originalUrl ?? req.url ?? "";
      const address = ip ?? req.socket.remoteAddress;
      res.once("close", () =>
        recordCall(options, req, {
          method: req.method ?? "", url, status: res.statusCode, finished: res.writableFinished, began, ip: address, headers: req.headers,
        }));
    }
    next();
  };
}

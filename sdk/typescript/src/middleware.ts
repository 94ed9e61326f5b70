import type { IncomingMessage } from "node:http";
import type { EntryInput } from "./client.js";
import type { Queue } from "./queue.js";

/** What a Describe says of a call: the outcome, and what else is known of every call, may be left out. */
export type Described = Omit<EntryInput, "outcome"> & { outcome?: EntryInput["outcome"] };

/** How calls become entries. */
export interface AuditOptions<Request> {
  /** Takes the entries. */
  queue: Queue;
  /**
   * Says what a call was, once it has been answered: at least project, actor.email, action and
   * resource.type. A call that it returns nothing for is not recorded.
   */
  describe: (request: Request, status: number) => Described | undefined | null;
  /** Is told what describe throws. Default console.error. */
  onError?: (err: unknown) => void;
}

/** What is known of a call without asking anybody. */
export interface Call {
  method: string;
  url: string;
  status: number;
  /** Whether the answer was sent whole. */
  finished: boolean;
  began: Date;
  ip?: string;
  headers: IncomingMessage["headers"];
}

/** Whether a call may change something. */
export function changes(method: string | undefined): boolean {
  return method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
}

/** Makes the entry of a call that has been answered. */
export function recordCall<Request>(options: AuditOptions<Request>, request: Request, call: Call): void {
  try {
    const described = options.describe(request, call.status);
    if (described) options.queue.add(complete(described, call));
  } catch (err) {
    (options.onError ?? console.error)(err);
  }
}

function complete(described: Described, call: Call): EntryInput {
  const id = call.headers["x-request-id"];
  return {
    ...described,
    outcome: described.outcome ?? outcomeOf(call),
    detail: described.detail ?? `${call.method} ${call.url.split("?", 1)[0]}: ${call.finished ? call.status : "the connection closed before it was answered"}`,
    createdAt: described.createdAt ?? call.began,
    request: {
      ip: call.ip,
      userAgent: call.headers["user-agent"],
      id: Array.isArray(id) ? id[0] : id,
      ...described.request,
    },
  };
}

function outcomeOf(call: Call): EntryInput["outcome"] {
  if (!call.finished) return "error";
  return call.status === 403 ? "forbidden" : call.status >= 400 ? "error" : "success";
}

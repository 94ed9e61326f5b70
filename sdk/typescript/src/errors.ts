import type { components } from "./openapi.js";

/** The log's words for why a call failed. A log that cannot be reached is unavailable. */
export type Code =
  | "invalid" | "unauthenticated" | "forbidden" | "not_found" | "conflict"
  | "too_large" | "rate_limited" | "unavailable" | "internal";

type Detail = Partial<components["schemas"]["Error"]>;

/** A call that failed. */
export class AuditLogError extends Error {
  override readonly name = "AuditLogError";
  readonly code: Code;
  /** The status of the answer; 0 where there was none. */
  readonly status: number;
  /** The field that it is about. */
  path?: string;
  /** The place, from 0, of the entry that it is about. */
  entry?: number;
  /** The limit of the log's that was reached. */
  readonly limit?: string;
  /** What the log's own lines call the call. */
  readonly requestId?: string;
  /** How many milliseconds the log asks to wait. */
  readonly retryAfter: number;
  /** What became of the batches before the one that failed, of a call to record that was several. */
  result?: components["schemas"]["RecordResult"];

  constructor(code: Code, message: string, more: { status?: number; detail?: Detail; retryAfter?: number; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.status = more.status ?? 0;
    this.retryAfter = more.retryAfter ?? 0;
    const { path, entry, limit, requestId } = more.detail ?? {};
    this.path = path;
    this.entry = entry;
    this.limit = limit;
    this.requestId = requestId;
  }

  /** Whether the log will never take what it answered so. */
  get refused(): boolean {
    return ["invalid", "forbidden", "conflict", "too_large"].includes(this.code);
  }

  /** Counts the entry that the error is about from so many before its batch. */
  move(by: number): void {
    if (this.entry === undefined) return;
    const here = `entries[${this.entry}]`;
    this.entry += by;
    const there = `entries[${this.entry}]`;
    this.message = this.message.replace(here, there);
    this.path = this.path?.replace(here, there);
  }
}

/** Why a Queue drops an entry, where it was not the log that refused it. */
export class Dropped extends Error {
  override readonly name = "Dropped";
}

const codes: Record<number, Code> = {
  400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "conflict",
  413: "too_large", 429: "rate_limited", 502: "unavailable", 503: "unavailable", 504: "unavailable",
};

/** The code that an answer stands for which is not the log's own, such as a proxy's. */
export function codeOf(status: number): Code {
  return codes[status] ?? (status >= 400 && status < 500 ? "invalid" : "internal");
}

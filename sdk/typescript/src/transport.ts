import { AuditLogError, codeOf } from "./errors.js";
import { mostRetryAfter, pause, retryAfter, sleep } from "./retry.js";

/** How a Client calls. */
export interface Options {
  /** The log's address, with the path that it is under, if any. Default http://127.0.0.1:7070. */
  url?: string;
  /** The token; none is sent without. */
  token?: string;
  /** What makes the calls: fetch, unless another is given. */
  fetch?: typeof fetch;
  /** Milliseconds that one try may take. Default 30,000. */
  timeout?: number;
  /** How often recording and reading are tried before they fail. Default 8. */
  tries?: number;
  /** The longest pause in milliseconds after the first failure, doubled with each further one. Default 100. */
  pause?: number;
  /** api, console, cli or mcp: goes on entries that have none, and on what the log keeps of the calls. */
  channel?: "api" | "console" | "cli" | "mcp";
}

/** Makes requests. It follows no redirect: entries and tokens go where they are meant for. */
export class Transport {
  readonly url: string;
  readonly #options: Options;
  readonly #headers: Record<string, string>;

  constructor(options: Options) {
    this.#options = options;
    this.url = addressOf(options.url ?? "http://127.0.0.1:7070");
    this.#headers = { "Content-Type": "application/json" };
    const token = options.token?.trim() ?? "";
    if (/[^\x21-\x7e]/.test(token)) {
      throw new AuditLogError("unauthenticated", "the token holds a space, a line break or another odd character");
    }
    if (token) this.#headers["Authorization"] = `Bearer ${token}`;
    if (options.channel) this.#headers["X-Auditlog-Channel"] = options.channel;
  }

  /** Calls a method and returns its result; what may be done again is tried again. Each try may take so many milliseconds longer. */
  async call(method: string, request: unknown, again: boolean, signal?: AbortSignal, longer = 0): Promise<unknown> {
    const body = JSON.stringify(request);
    for (let n = 1; ; n++) {
      try {
        return await this.#once(method, body, longer, signal);
      } catch (err) {
        if (!again) throw err;
        await sleep(this.wait(err, n), signal);
      }
    }
  }

  /** How many milliseconds to wait after a failure, the n-th in a row, or the failure where no other try helps. */
  wait(err: unknown, n: number): number {
    if (!(err instanceof AuditLogError) || n >= (this.#options.tries ?? 8) || !passing(err)) throw err;
    return err.retryAfter + pause(n, this.#options.pause ?? 100);
  }

  /** Calls a method whose answer is no JSON, and returns its body. The signal is the caller's unless that is another. */
  async stream(method: string, request: unknown, signal?: AbortSignal, callers = signal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send(method, JSON.stringify(request), signal, callers);
    if (!response.ok || !response.body) throw await this.#failure(response, callers);
    return response.body;
  }

  /** The error of a call whose answer broke off. */
  unreachable(err: unknown): AuditLogError {
    const cause = err instanceof Error && err.cause instanceof Error ? err.cause : err;
    return new AuditLogError("unavailable", `cannot reach the log at ${this.url}: ${cause instanceof Error ? cause.message : cause}`, { cause: err });
  }

  async #once(method: string, body: string, longer: number, signal?: AbortSignal): Promise<unknown> {
    const timeout = AbortSignal.timeout((this.#options.timeout ?? 30_000) + longer);
    const response = await this.#send(method, body, signal ? AbortSignal.any([signal, timeout]) : timeout, signal);
    if (!response.ok) throw await this.#failure(response, signal);
    const answer = parse(await this.#text(response, signal));
    if (answer?.ok !== true || answer.result === undefined) {
      throw new AuditLogError("invalid", `${this.url} does not answer as an audit log does`, { status: response.status });
    }
    return answer.result;
  }

  async #send(method: string, body: string, signal: AbortSignal | undefined, callers: AbortSignal | undefined): Promise<Response> {
    try {
      const call = this.#options.fetch ?? fetch;
      return await call(`${this.url}/${method}`, { method: "POST", headers: this.#headers, body, redirect: "manual", signal });
    } catch (err) {
      callers?.throwIfAborted();
      throw this.unreachable(err);
    }
  }

  async #text(response: Response, callers?: AbortSignal): Promise<string> {
    try {
      return await response.text();
    } catch (err) {
      callers?.throwIfAborted();
      throw this.unreachable(err);
    }
  }

  async #failure(response: Response, callers?: AbortSignal): Promise<AuditLogError> {
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
      const location = (response.headers.get("Location") ?? "another place").slice(0, 200);
      return new AuditLogError("invalid", `${this.url} sends on to ${location}, where nothing is sent: set the log's address to where it is`, { status });
    }
    const answer = parse(await this.#text(response, callers));
    const detail = answer?.error;
    const after = retryAfter(response.headers.get("Retry-After"));
    if (typeof detail?.code !== "string") {
      return new AuditLogError(codeOf(status), `${this.url} answered ${status} ${response.statusText}`.trim(), { status, retryAfter: after });
    }
    return new AuditLogError(detail.code, String(detail.message), { status, detail, retryAfter: after });
  }
}

function addressOf(url: string): string {
  const parsed = URL.parse?.(url) ?? tryURL(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || !parsed.hostname) {
    throw new AuditLogError("invalid", `the log's address ${JSON.stringify(url)} is no http or https URL`);
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/, "");
}

function tryURL(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

function parse(text: string): any {
  try {
    const answer = JSON.parse(text);
    return answer && typeof answer === "object" ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a next try may succeed. A limit for a day is the caller's to know of, not to wait for. */
function passing(err: AuditLogError): boolean {
  if (err.code === "rate_limited") return err.retryAfter < mostRetryAfter;
  return err.code === "unavailable" || err.code === "internal";
}

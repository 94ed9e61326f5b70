import { AuditLogError } from "./errors.js";
import { follow, type FollowEvent } from "./follow.js";
import { Keys } from "./keys.js";
import { lines } from "./lines.js";
import type { components, paths } from "./openapi.js";
import { type Options, Transport } from "./transport.js";

type Schemas = components["schemas"];

/** An entry as the log has it. */
export type Entry = Schemas["Entry"];
/** An entry to be recorded; a time may be a Date. */
export type EntryInput = Omit<Schemas["EntryInput"], "createdAt"> & { createdAt?: string | Date };
/** What became of recorded entries. */
export type RecordResult = Schemas["RecordResult"] & { entries: Schemas["Recorded"][] };
/** A part of the log in commit order, and what it tells of. */
export type Part = Schemas["PullResult"];
/** How the log is. */
export type Status = Schemas["StatusResult"];

/** What is asked for; a time may be a Date. */
export type Filters<R> = { [K in keyof R]: K extends "from" | "to" | "after" | "before" ? R[K] | Date : R[K] };

/** The methods that answer with JSON, with what each takes and answers. */
type Answers<M> = M extends { post: { responses: { 200: { content: { "application/json": { result: infer R } } } } } } ? R : never;
type Takes<M> = M extends { post: { requestBody?: { content: { "application/json": infer R } } } } ? R : never;
type MethodPath = { [P in keyof paths]: Answers<paths[P]> extends never ? never : P }[keyof paths];
/** The name of a method that answers with JSON. */
export type Method = MethodPath extends `/${infer M}` ? M : never;
type StreamPath = { [P in keyof paths]: Takes<paths[P]> extends never ? never : P extends MethodPath ? never : P }[keyof paths];
/** The name of a method whose answer is no JSON, but lines, events or a file. */
export type StreamMethod = StreamPath extends `/${infer M}` ? M : never;

/** How many entries go into one request; the log takes 10,000 at most. */
const maxBatch = 1000;
/** How many bytes go into one request; the log takes 32 MiB at most. */
const maxBatchSize = 8 << 20;

/** Ends a call before its time. */
export interface Cancel { signal?: AbortSignal }

/** Calls the API of one log. */
export class Client {
  readonly #transport: Transport;
  readonly #channel: Options["channel"];
  readonly #keys = new Keys();

  constructor(options: Options = {}) {
    this.#transport = new Transport(options);
    this.#channel = options.channel;
  }

  /**
   * Records entries and resolves once they are on the log's disk. Up to 1,000 entries of 8 MiB are
   * recorded wholly or not at all; of more, an error has what became of those before as its result.
   * An entry without a key is given one, so that a retry never records it twice. One whose key
   * another entry has is a conflict in the result, not an error.
   */
  async record(entries: EntryInput | readonly EntryInput[], cancel: Cancel = {}): Promise<RecordResult> {
    const list = Array.isArray(entries) ? (entries as readonly EntryInput[]) : [entries as EntryInput];
    const result = await this.recordPrepared(list.map((e) => this.prepare(e)), cancel.signal);
    list.forEach((e, i) => {
      const became = result.entries[i];
      // Nobody else knows a key that was made here: an earlier try had recorded it.
      if (!e.key && became?.duplicate) {
        delete became.duplicate;
        result.duplicates--;
        result.recorded++;
      }
    });
    return result;
  }

  /** A copy of an entry that can be sent again and again. */
  prepare(entry: EntryInput): Schemas["EntryInput"] {
    const { createdAt, ...rest } = entry;
    const e: Schemas["EntryInput"] = { ...rest, key: rest.key || this.#keys.next() };
    if (this.#channel && !e.channel) e.channel = this.#channel;
    if (createdAt !== undefined) e.createdAt = text(createdAt);
    return e;
  }

  /** Records what was prepared, as it is. @internal */
  async recordPrepared(entries: readonly Schemas["EntryInput"][], signal?: AbortSignal): Promise<RecordResult> {
    const sum: RecordResult = { recorded: 0, duplicates: 0, conflicts: 0, skipped: 0, entries: [] };
    let done = 0;
    for (const batch of batches(entries)) {
      try {
        const r = (await this.#transport.call("auditLog.record", { entries: batch }, true, signal)) as RecordResult;
        sum.recorded += r.recorded ?? 0;
        sum.duplicates += r.duplicates ?? 0;
        sum.conflicts = (sum.conflicts ?? 0) + (r.conflicts ?? 0);
        sum.skipped += r.skipped ?? 0;
        sum.entries.push(...(r.entries ?? []));
      } catch (err) {
        if (err instanceof AuditLogError) {
          err.move(done);
          err.result = sum;
        }
        throw err;
      }
      done += batch.length;
    }
    return sum;
  }

  /** The entries that the filters select, newest first, asked for page by page. */
  async *list(filters: Filters<Schemas["ListRequest"]>, cancel: Cancel = {}): AsyncGenerator<Entry, void, undefined> {
    let cursor = filters.cursor;
    do {
      const page = await this.listPage({ ...filters, cursor }, cancel);
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor);
  }

  /** One page of them. */
  listPage(filters: Filters<Schemas["ListRequest"]>, cancel: Cancel = {}): Promise<Schemas["ListResult"]> {
    return this.call("auditLog.list", filters as Schemas["ListRequest"], { ...cancel, again: true });
  }

  /** One entry. */
  async get(project: string, id: number, cancel: Cancel = {}): Promise<Entry> {
    // Asked without a proof, it is answered with the entry alone.
    return (await this.call("auditLog.get", { project, id }, { ...cancel, again: true })) as Entry;
  }

  /** Counts over time and by value of what the filters select. */
  stats(filters: Filters<Schemas["StatsRequest"]>, cancel: Cancel = {}): Promise<Schemas["StatsResult"]> {
    return this.call("auditLog.stats", filters as Schemas["StatsRequest"], { ...cancel, again: true });
  }

  /** Everything that the filters select, as lines of NDJSON or CSV; an error if the answer ends before it is whole. */
  async *export(request: Filters<Schemas["ExportRequest"]>, cancel: Cancel = {}): AsyncGenerator<string, void, undefined> {
    yield* lines(await this.#transport.stream("auditLog.export", times(request), cancel.signal), "the export", cancel.signal);
  }

  /**
   * The log in commit order, for machines: complete, part by part, each with the cursor to go on
   * behind it. With `waitSeconds` it never ends by itself, else where nothing is new.
   */
  async *pull(request: Filters<Schemas["PullRequest"]>, cancel: Cancel = {}): AsyncGenerator<Part, void, undefined> {
    const wait = 1000 * (request.waitSeconds ?? 0);
    for (let next = request; ; ) {
      const part = (await this.#transport.call("auditLog.pull", times(next), true, cancel.signal, wait)) as Part;
      yield part;
      if (!wait && part.covered.to >= part.newest) return;
      next = { ...request, cursor: part.nextCursor };
    }
  }

  /**
   * What is recorded, as it comes: entries, and ranges of numbers without one. A connection that
   * breaks is made again behind what came last; it ends with an error that no other try helps with.
   */
  follow(request: Filters<Schemas["FollowRequest"]>, cancel: Cancel = {}): AsyncGenerator<FollowEvent, void, undefined> {
    return follow(this.#transport, times(request) as Schemas["FollowRequest"], cancel.signal);
  }

  /** How the log is: what comes in, its disk, checks, checkpoints, backups, sinks. */
  status(request: Schemas["StatusRequest"] = {}, cancel: Cancel = {}): Promise<Status> {
    return this.call("log.status", request, { ...cancel, again: true });
  }

  /** The body of any method that does not answer with JSON: `stream("auditLog.prove", { project })`. */
  stream<M extends StreamMethod>(method: M, request: Takes<paths[`/${M}`]>, cancel: Cancel = {}): Promise<ReadableStream<Uint8Array>> {
    return this.#transport.stream(method, times(request), cancel.signal);
  }

  /**
   * Any method of the API that answers with JSON: `call("project.list", {})`, `call("token.revoke", { id })`. It is tried
   * once, unless `again` says that doing it twice is the same as once.
   */
  async call<M extends Method>(method: M, request: Takes<paths[`/${M}`]>, more: Cancel & { again?: boolean } = {}): Promise<Answers<paths[`/${M}`]>> {
    return (await this.#transport.call(method, times(request), more.again ?? false, more.signal)) as Answers<paths[`/${M}`]>;
  }
}

function* batches<T>(entries: readonly T[]): Generator<T[]> {
  let batch: T[] = [];
  let size = 0;
  for (const e of entries) {
    const n = 3 * (JSON.stringify(e)?.length ?? 0); // a code unit is at most three bytes
    if (batch.length > 0 && (batch.length >= maxBatch || size + n > maxBatchSize)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(e);
    size += n;
  }
  if (batch.length > 0) yield batch;
}

function times(request: unknown): unknown {
  if (!request || typeof request !== "object") return request;
  return Object.fromEntries(Object.entries(request).map(([name, value]) => [name, value instanceof Date ? text(value) : value]));
}

function text(at: string | Date): string {
  return at instanceof Date ? at.toISOString() : at;
}

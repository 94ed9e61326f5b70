import type { Client, EntryInput } from "./client.js";
import { AuditLogError, Dropped } from "./errors.js";
import type { components } from "./openapi.js";
import { pause, sleep } from "./retry.js";

type Prepared = components["schemas"]["EntryInput"];

/** How a Queue works. */
export interface QueueOptions {
  /** How many entries wait at most. Default 10,000. */
  size?: number;
  /** Is told of every entry that will not be in the log, and why: Dropped, or the log's own refusal. */
  onDrop?: (entry: EntryInput, why: Dropped | AuditLogError) => void;
}

const maxBatch = 1000;

/**
 * Records entries in the background: whoever adds one never waits for the log. While the log
 * cannot be reached the entries wait, and are tried again for as long as it takes; when no more
 * fit, further ones are dropped and counted. Entries that wait are lost when the process ends
 * without close. It keeps the process from ending only while entries wait.
 */
export class Queue {
  readonly #client: Client;
  readonly #size: number;
  readonly #onDrop: QueueOptions["onDrop"];
  readonly #stop = new AbortController();
  #waiting: Prepared[] = [];
  #sending = 0;
  #closed = false;
  #dropped = 0;
  #running: Promise<void> | undefined;

  constructor(client: Client, options: QueueOptions = {}) {
    this.#client = client;
    this.#size = options.size ?? 10_000;
    this.#onDrop = options.onDrop;
  }

  /** How many entries this queue was given that are not in the log and will not be. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes an entry to be recorded, with the present time unless it has one; false if it is full or closed. */
  add(entry: EntryInput): boolean {
    const e = this.#client.prepare({ ...entry, createdAt: entry.createdAt ?? new Date() });
    if (this.#closed || this.#waiting.length + this.#sending >= this.#size) {
      this.#drop(e, new Dropped(this.#closed ? "the queue is closed" : "the queue is full"));
      return false;
    }
    this.#waiting.push(e);
    this.#running ??= this.#run();
    return true;
  }

  /**
   * Takes no more, and waits until those that wait are recorded: true. When the timeout in
   * milliseconds passes before, those left are dropped: false. It may be called again.
   */
  async close(timeout = 30_000): Promise<boolean> {
    this.#closed = true;
    if (!this.#running) return true;
    const timer = setTimeout(() => this.#stop.abort(), timeout);
    await this.#running;
    clearTimeout(timer);
    return !this.#stop.signal.aborted;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what is added in one go leaves together
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      const batch = this.#waiting.splice(0, maxBatch);
      this.#sending = batch.length;
      await this.#record(batch);
      this.#sending = 0;
    }
    this.#running = undefined;
    for (const e of this.#waiting.splice(0)) this.#drop(e, new Dropped("the queue was closed before the log took it"));
  }

  /** Records a batch for as long as it takes, and drops what the log refuses. */
  async #record(batch: Prepared[]): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 1; ; failures++) {
      try {
        const result = await this.#client.recordPrepared(batch, signal);
        result.entries.forEach((became, i) => {
          if (became.conflict) this.#drop(batch[i]!, new AuditLogError("conflict", `entry ${became.id} has its key`, { status: 409 }));
        });
        return;
      } catch (err) {
        // What is no AuditLogError, such as a value that is no JSON, does not pass either.
        const why = err instanceof AuditLogError ? err : new Dropped(err instanceof Error ? err.message : String(err));
        if (!signal.aborted && (why instanceof Dropped || why.refused)) {
          if (batch.length === 1) return this.#drop(batch[0]!, why);
          const half = batch.length >> 1; // one bad entry must not take the others with it
          await this.#record(batch.slice(0, half));
          return this.#record(batch.slice(half));
        }
      }
      await sleep(pause(failures + 7, 100), signal).catch(() => {});
      if (signal.aborted) {
        for (const e of batch) this.#drop(e, new Dropped("the queue was closed before the log took it"));
        return;
      }
    }
  }

  #drop(entry: Prepared, why: Dropped | AuditLogError): void {
    this.#dropped++;
    this.#onDrop?.(entry, why);
  }
}

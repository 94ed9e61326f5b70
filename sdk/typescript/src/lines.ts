import { AuditLogError } from "./errors.js";

/** The lines of a body, without their ends; an error if it breaks off. `alive` is told of each part that comes. */
export async function* lines(body: ReadableStream<Uint8Array>, what: string, signal?: AbortSignal, alive = () => {}): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      let part: ReadableStreamReadResult<Uint8Array>;
      try {
        part = await reader.read();
      } catch (err) {
        signal?.throwIfAborted();
        throw new AuditLogError("unavailable", `${what} ended before it was whole`, { cause: err });
      }
      alive();
      rest += decoder.decode(part.value, { stream: !part.done });
      const whole = rest.split("\n");
      rest = whole.pop()!;
      yield* whole;
      if (part.done) break;
    }
    if (rest) yield rest;
  } finally {
    await reader.cancel().catch(() => {});
  }
}

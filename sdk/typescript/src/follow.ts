import { AuditLogError } from "./errors.js";
import { lines } from "./lines.js";
import type { components } from "./openapi.js";
import { sleep } from "./retry.js";
import type { Transport } from "./transport.js";

type Schemas = components["schemas"];

/** What comes next to who follows: an entry, or a range of numbers without one for them. */
export type FollowEvent = { cursor: string } & (
  | { type: "entry"; entry: Schemas["Entry"] }
  | { type: "skipped" | "purged" | "damaged" | "lost"; range: Schemas["Range"] }
);

/** How many milliseconds a log that sends something every 15 seconds may be silent. */
const silence = 60_000;

/** What is recorded, as it comes. A connection that breaks, or falls silent, is made again behind what came last. */
export async function* follow(transport: Transport, request: Schemas["FollowRequest"], signal?: AbortSignal): AsyncGenerator<FollowEvent, void, undefined> {
  let { cursor } = request;
  for (let failures = 0; ; ) {
    try {
      for await (const event of once(transport, { ...request, cursor }, signal)) {
        failures = 0;
        cursor = event.cursor;
        yield event;
      }
      throw new AuditLogError("unavailable", "what is followed ended");
    } catch (err) {
      await sleep(transport.wait(err, ++failures), signal);
    }
  }
}

async function* once(transport: Transport, request: unknown, signal?: AbortSignal): AsyncGenerator<FollowEvent, void, undefined> {
  const silent = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), silence);
  };
  alive();
  try {
    const either = signal ? AbortSignal.any([signal, silent.signal]) : silent.signal;
    const body = await transport.stream("auditLog.follow", request, either, signal);
    let id = "", name = "", data = "";
    for await (const line of lines(body, "what is followed", signal, alive)) {
      const [, field, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (field === "id") id = value ?? "";
      else if (field === "event") name = value ?? "";
      else if (field === "data") data = value ?? "";
      else if (line === "") {
        const event = eventOf(name, data, id);
        if (event) yield event;
        name = data = "";
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The event with a name, if it is one that is known. What ends the events is an error. */
function eventOf(name: string, data: string, cursor: string): FollowEvent | undefined {
  switch (name) {
    case "entry":
      return { type: name, entry: JSON.parse(data), cursor };
    case "skipped": case "purged": case "damaged": case "lost":
      return { type: name, range: JSON.parse(data), cursor };
    case "end": {
      const detail = JSON.parse(data);
      throw new AuditLogError(detail.code, detail.message, { detail });
    }
  }
  return undefined;
}

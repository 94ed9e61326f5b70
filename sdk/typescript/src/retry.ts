const mostPause = 30_000;

/** How long, in milliseconds, a log can make one wait. */
export const mostRetryAfter = 120_000;

/** Milliseconds to wait after so many failures in a row: doubled by each, one half of them random. */
export function pause(failures: number, first: number): number {
  const span = Math.min(first * 2 ** Math.min(failures - 1, 30), mostPause);
  return span / 2 + (Math.random() * span) / 2;
}

/** Reads a Retry-After header, which holds seconds or a date, as milliseconds: 0 where it holds neither. */
export function retryAfter(header: string | null, now = Date.now()): number {
  const text = header?.trim() ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /[a-z]/i.test(text) ? Date.parse(text) - now : 0;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), mostRetryAfter) : ms > 0 ? mostRetryAfter : 0;
}

/** Waits, and rejects with the signal's reason where it ends the wait. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const ended = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", ended);
      resolve();
    }, ms);
    signal?.addEventListener("abort", ended, { once: true });
  });
}

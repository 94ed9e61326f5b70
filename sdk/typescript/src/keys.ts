const digits = "0123456789abcdefghijklmnopqrstuv";

/**
 * Makes keys for entries that have none, so that a retry records nothing twice: 24 letters and
 * digits that sort as they were made, which the log keeps small. They are the second of the
 * start, 48 random bits, and a count of 40 bits.
 */
export class Keys {
  readonly #prefix: bigint;
  #count = 0n;

  constructor() {
    let prefix = BigInt(Math.floor(Date.now() / 1000)) & 0xffffffffn;
    for (const byte of crypto.getRandomValues(new Uint8Array(6))) prefix = (prefix << 8n) | BigInt(byte);
    this.#prefix = prefix << 40n;
  }

  next(): string {
    let bits = this.#prefix | (++this.#count & 0xffffffffffn);
    let key = "";
    for (let i = 0; i < 24; i++, bits >>= 5n) key = digits[Number(bits & 31n)] + key;
    return key;
  }
}

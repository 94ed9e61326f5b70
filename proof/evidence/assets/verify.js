// Checks a bundle of evidence: everything that "auditlog verify" does, in a browser. It is used
// by the file that verifies itself, and by the log's own page. verifyBundle returns what the
// bundle proves, or throws an Error that says what does not hold.

const utf8 = new TextEncoder();

function need(holds, message) {
  if (!holds) throw new Error(message);
}

function bytesOf(base64) {
  const text = atob(base64);
  need(btoa(text) === base64, 'base64 that is spelled otherwise');
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function join(...parts) {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest('SHA-256', join(...parts)));
const leafHash = (data) => sha256([0], data);
const nodeHash = (left, right) => sha256([1], left, right);

function hashesOf(list) {
  return list.map((text) => {
    const hash = bytesOf(text);
    need(hash.length === 32, 'a hash that is none');
    return hash;
  });
}

// signedBy reports whether a key has signed a message. Browsers that lack Ed25519 have noble's.
async function signedBy(key, message, signature) {
  try {
    const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', imported, signature, message);
  } catch {
    return verifyAsync(signature, message, key);
  }
}

// publicKey reads name+number+key.
async function publicKey(text) {
  const [name, number, ...rest] = text.split('+');
  const typed = bytesOf(rest.join('+'));
  need(typed.length === 33 && typed[0] === 1, 'a public key that is none');
  const digest = (await sha256(utf8.encode(name + '\n'), typed)).slice(0, 4);
  need(number === [...digest].map((b) => b.toString(16).padStart(2, '0')).join(''), 'a public key with the number of another');
  return typed.slice(1);
}

// openCheckpoint returns the checkpoint in a signed note, and which of the keys has signed it.
async function openCheckpoint(note, keys) {
  const end = note.indexOf('\n\n');
  need(end > 0 && note.endsWith('\n'), 'a checkpoint that is not signed');
  const text = note.slice(0, end + 1);
  const lines = text.split('\n');
  need(lines.length === 4 && /^(0|[1-9][0-9]*)$/.test(lines[1]), 'a checkpoint that is none');
  const [origin, size, root] = lines;
  for (const line of note.slice(end + 2).split('\n')) {
    if (!line.startsWith(`— ${origin} `)) continue;
    const signature = bytesOf(line.slice(origin.length + 3));
    for (const key of keys) {
      const number = (await sha256(utf8.encode(origin + '\n'), [1], key)).slice(0, 4);
      if (!same(number, signature.slice(0, 4)) || signature.length !== 68) continue;
      need(await signedBy(key, utf8.encode(text), signature.slice(4)), `a signature of ${origin} that is wrong`);
      return {origin, size: BigInt(size), root: hashesOf([root])[0], key};
    }
  }
  throw new Error(`the checkpoint of ${origin} is signed by none of the keys`);
}

// checkInclusion follows RFC 9162, section 2.1.3.2.
async function checkInclusion(what, leaf, index, size, proof, root) {
  need(index >= 0n && index < size, `${what} is not in its tree`);
  let at = index, last = size - 1n, hash = leaf;
  for (const other of proof) {
    need(last > 0n, `the proof of ${what} is too long`);
    if (at & 1n || at === last) {
      hash = await nodeHash(other, hash);
      while (at !== 0n && !(at & 1n)) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = await nodeHash(hash, other);
    }
    at >>= 1n;
    last >>= 1n;
  }
  need(last === 0n && same(hash, root), `${what} is not in its tree`);
}

// checkConsistency follows RFC 9162, section 2.1.4.2.
async function checkConsistency(what, oldSize, oldRoot, size, root, proof) {
  const bad = `${what} is not what the tree begins with`;
  need(oldSize > 0n && oldSize <= size, bad);
  if (oldSize === size) {
    need(proof.length === 0 && same(oldRoot, root), bad);
    return;
  }
  const rest = proof.slice();
  if ((oldSize & (oldSize - 1n)) === 0n) rest.unshift(oldRoot);
  need(rest.length > 0, bad);
  let at = oldSize - 1n, last = size - 1n;
  while (at & 1n) {
    at >>= 1n;
    last >>= 1n;
  }
  let a = rest[0], b = rest[0];
  for (const other of rest.slice(1)) {
    need(last > 0n, bad);
    if (at & 1n || at === last) {
      a = await nodeHash(other, a);
      b = await nodeHash(other, b);
      while (at !== 0n && !(at & 1n)) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      b = await nodeHash(b, other);
    }
    at >>= 1n;
    last >>= 1n;
  }
  need(last === 0n && same(a, oldRoot) && same(b, root), bad);
}

// Stack adds up the root of a tree of which the leaves come one after the other.
class Stack {
  size = 0n;
  nodes = [];

  // add adds a leaf, or a perfect tree of a level where one can begin.
  async add(hash, level = 0n) {
    for (let n = this.size >> level; n & 1n; n >>= 1n) hash = await nodeHash(this.nodes.pop(), hash);
    this.nodes.push(hash);
    this.size += 1n << level;
  }

  // skip adds the leaves up to before end, by the nodes over them.
  async skip(end, hashes, message) {
    for (const hash of hashes) {
      need(this.size < end, message);
      let level = 0n;
      while (this.size % (2n << level) === 0n && this.size + (2n << level) <= end) level++;
      await this.add(hash, level);
    }
    need(this.size === end, message);
  }

  async root() {
    let hash = this.nodes.at(-1);
    for (let i = this.nodes.length - 2; i >= 0; i--) hash = await nodeHash(this.nodes[i], hash);
    return hash;
  }
}

// checkAnchor follows the way from the project's checkpoint to that of the master log.
async function checkAnchor(header) {
  const keys = await Promise.all(header.keys.map(publicKey));
  const master = await openCheckpoint(header.master, keys);
  const project = await openCheckpoint(header.checkpoint, keys);
  const escaped = header.project.replace(/[^A-Za-z0-9\-._~$&:=@]/gu, (c) => encodeURIComponent(c).replace(/[!'()*]/g, (s) => '%' + s.charCodeAt(0).toString(16).toUpperCase()));
  need(project.origin === `${master.origin}/${escaped}/${header.incarnation}`, 'the checkpoint is of another project');
  const lines = header.head.split('\n');
  need(lines.length === 6 && lines[0] === 'auditlog head v1' && lines[5] === '' && lines.slice(1, 4).every((s) => /^[0-9]+$/.test(s)), 'a head that is none');
  need(Number(lines[1]) === header.masterIndex, 'the head is another leaf of the log');
  const projectLeaf = await leafHash(utf8.encode(header.checkpoint.slice(0, header.checkpoint.indexOf('\n\n') + 1)));
  await checkInclusion('the project', projectLeaf, BigInt(header.headIndex), 1n << BigInt(lines[3]), hashesOf(header.headProof), hashesOf([lines[4]])[0]);
  await checkInclusion('the head', await leafHash(utf8.encode(header.head)), BigInt(header.masterIndex), master.size, hashesOf(header.masterProof), master.root);
  if (header.cosigned) {
    const old = await openCheckpoint(header.cosigned, keys);
    need(old.origin === master.origin, 'witnesses have signed another log');
    await checkConsistency('what witnesses have signed', old.size, old.root, master.size, master.root, hashesOf(header.cosignedProof ?? []));
  }
  return {master, project, headTime: new Date(Number(lines[2]) * 1000)};
}

const entryLine = /^\{"salt":"(?<salt>[A-Za-z0-9+/=]{24})"(?:,"proof":(?<proof>\[[^\]]*\]))?(?:,"before":(?<before>\["[^\]]*\]))?,"entry":(?<json>.*)\}$/su;

// verifyBundle checks a bundle, and calls each with every entry.
async function verifyBundle(text, each) {
  const lines = text.split('\n');
  need(lines.pop() === '', 'the last line is cut short');
  const header = JSON.parse(lines.shift());
  need(header.format === 'auditlog evidence v1', 'this is no evidence');
  const {master, project, headTime} = await checkAnchor(header);
  const {base, firstSeq, lastSeq, entries, complete, prefix} = header;
  need(base >= 1 && entries >= 1 && firstSeq >= base && lastSeq >= firstSeq, 'it says that it holds what cannot be');
  need(complete === (lastSeq - firstSeq + 1 === entries), 'it is not as complete as it says');
  const stack = new Stack();
  let last = firstSeq - 1;
  for (const [i, line] of lines.entries()) {
    const parts = entryLine.exec(line)?.groups;
    need(parts, `line ${i + 2} is no entry`);
    const entry = JSON.parse(parts.json);
    need(entry.project === header.project, `line ${i + 2} is of another project`);
    need(i === 0 ? entry.seq === firstSeq : complete ? entry.seq === last + 1 : entry.seq > last, `line ${i + 2} does not follow the one before`);
    last = entry.seq;
    const salt = bytesOf(parts.salt);
    need(salt.length === 16, `line ${i + 2} has no salt`);
    const leaf = await leafHash(await sha256(salt, utf8.encode(parts.json)));
    need(prefix ? !parts.proof : parts.proof && !parts.before, `line ${i + 2} has another proof than it says`);
    if (prefix) {
      await stack.skip(BigInt(entry.seq - base), hashesOf(JSON.parse(parts.before ?? '[]')), `line ${i + 2} does not tell of what is left out before it`);
      await stack.add(leaf);
    } else {
      await checkInclusion(`entry ${entry.id}`, leaf, BigInt(entry.seq - base), project.size, hashesOf(JSON.parse(parts.proof)), project.root);
    }
    each(entry, parts.json);
  }
  need(lines.length === entries && last === lastSeq, 'lines are missing, or added');
  if (prefix) await checkConsistency('the list of entries', stack.size, await stack.root(), project.size, project.root, hashesOf(prefix));
  const digest = [...await sha256(master.key)].slice(0, 16).map((b) => b.toString(16).padStart(2, '0')).join('');
  return {header, master, project, headTime, fingerprint: digest.match(/.{4}/g).join(' ')};
}

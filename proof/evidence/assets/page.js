// The file that verifies itself: it shows the entries, and whether they are proved.
const $ = (selector) => document.querySelector(selector);
const shownAtOnce = 500;

function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function row(entry, json) {
  const tr = element('tr');
  const {resource} = entry;
  const cells = [
    [entry.seq, 'num'], [entry.createdAt.replace('T', ' ').replace(/\.(\d{3})\d+Z$/, '.$1')], [entry.outcome, entry.outcome],
    [entry.actor.email], [entry.action], [[resource.type, resource.name || resource.id].filter(Boolean).join(' ')], [entry.detail],
  ];
  for (const [text, className] of cells) tr.append(element('td', text, className));
  tr.tabIndex = 0;
  const toggle = () => {
    if (tr.nextSibling?.className === 'whole') return tr.nextSibling.remove();
    const whole = element('tr', undefined, 'whole'), cell = element('td'), pre = element('pre', JSON.stringify(JSON.parse(json), null, 2));
    cell.colSpan = cells.length;
    cell.append(pre);
    whole.append(cell);
    tr.after(whole);
  };
  tr.onclick = toggle;
  tr.onkeydown = (e) => { if (e.key === 'Enter') toggle(); };
  return tr;
}

function fact(name, value) {
  if (value !== undefined) $('#facts').append(element('dt', name), element('dd', value));
}

function says(result) {
  const {header, master, headTime, fingerprint} = result;
  const what = header.complete ? `every entry from seq ${header.firstSeq} to ${header.lastSeq}` : `${header.entries} entries between seq ${header.firstSeq} and ${header.lastSeq}`;
  fact('Project', header.project + (header.incarnation > 1 ? `, incarnation ${header.incarnation}` : ''));
  fact('Holds', what + `, of ${result.project.size}`);
  fact('Asked for (not proved)', JSON.stringify(header.query));
  fact('Recorded before', headTime.toISOString().replace('.000Z', 'Z'));
  fact('Log', `${master.origin}, head ${header.masterIndex} of ${master.size}`);
  fact('Signing key', fingerprint);
}

function show(entries) {
  const more = () => {
    $('tbody').append(...entries.splice(0, shownAtOnce).map(([entry, json]) => row(entry, json)));
    $('#more').hidden = entries.length === 0;
    $('#more').textContent = `Show more of ${entries.length}`;
  };
  $('#more').onclick = more;
  more();
}

async function run() {
  const status = $('#status'), entries = [];
  try {
    // "<" is written as a tab, which no line of a bundle has, so that no entry can end this element.
    const text = $('#bundle').textContent.slice(1).replaceAll('\t', '<');
    const result = await verifyBundle(text, (entry, json) => {
      if (entries.push([entry, json]) % 1000 === 0) status.textContent = `Verifying… ${entries.length} entries so far.`;
    });
    says(result);
    show(entries);
    status.className = 'holds';
    status.textContent = 'Verified. These entries are what the log recorded, if the signing key below is the log\'s.';
  } catch (err) {
    entries.length = 0;
    status.className = 'fails';
    status.textContent = `This evidence does not hold: ${err.message}. Nothing of it is shown.`;
  }
}

run();

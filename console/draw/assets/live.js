// The live switch: entries come in as they are committed.
let source, after, refreshing;

const liveButton = () => $('#live');

function liveState(on, note) {
  liveButton().setAttribute('aria-checked', String(on));
  const notice = $('#live-note');
  notice.hidden = !note;
  notice.textContent = note ?? '';
  if (note) announce(note);
}

function openLive() {
  source?.close();
  source = new EventSource(`${liveButton().dataset.url}&after=${after}`);
  source.addEventListener('open', () => {
    liveButton().classList.add('open');
    liveState(true);
    $('#panel .retry')?.click(); // an entry that was asked for while the server was away
  });
  source.addEventListener('rows', (event) => {
    after = event.lastEventId;
    addRows(fragment(event.data));
  });
  source.addEventListener('many', (event) => {
    after = event.lastEventId;
    refill();
  });
  source.addEventListener('end', () => endLive('You are no longer logged in. Log in again to go on.'));
  source.addEventListener('error', () => {
    liveButton().classList.remove('open');
    // A page that is being left loses its connection as well: that is no refusal.
    const lost = source;
    setTimeout(() => {
      if (source === lost && source.readyState !== EventSource.OPEN) findOut(lost);
    }, 300);
  });
}

const away = 'The server cannot be reached. The live view goes on as soon as it answers, and nothing is left out.';

// findOut tells a server that is away, or not ready as one whose database fails over, from one that refuses the
// live view: the first is waited for.
async function findOut(lost) {
  if (lost.readyState === EventSource.CONNECTING) {
    liveState(true, away);
    return;
  }
  try {
    const answer = await fetch(under('/readyz'));
    if (answer.status < 500) {
      endLive('The live view was refused. Load the page again, log in again, or close other live views.');
      return;
    }
  } catch {
    // It is away.
  }
  if (source !== lost) return;
  liveState(true, away);
  setTimeout(() => {
    if (source === lost) openLive();
  }, 3000);
}

// refill shows the newest entries again, where more came in at once than a live view takes: the
// link behind them leads on to the others, so that there is no hole.
async function refill() {
  const url = new URL(location.href);
  url.searchParams.delete('cursor');
  url.searchParams.delete('entry');
  url.searchParams.set('part', 'rows');
  try {
    const page = fragment(await fetchPart(url.pathname + url.search));
    if (!$('#rows')) {
      location.reload();
      return;
    }
    $('#rows').replaceChildren(...$$('tr', page));
    $('#older-line').replaceWith($('.older', page));
    markOpen(entryIn(location.href));
    watchOlder();
    announce('Many new entries. The newest are shown');
    refreshing ??= setTimeout(refreshSummary, 1000);
  } catch {
    liveState(true, 'So many entries came in that some are not shown. Load the page again to see all.');
  }
}

function closeLive() {
  source?.close();
  liveButton().classList.remove('open');
  source = undefined;
}

function endLive(note) {
  closeLive();
  sessionStorage.removeItem('live');
  liveState(false, note);
}

function switchLive() {
  if (source) {
    endLive();
    announce('Live is off');
    return;
  }
  sessionStorage.setItem('live', '1');
  liveState(true);
  announce('Live is on');
  openLive();
}

// addRows puts rows where they belong: the newest first.
function addRows(rows) {
  const body = $('#rows');
  if (!body) {
    location.reload();
    return;
  }
  let count = 0;
  for (const row of $$('tr', rows).reverse()) {
    if ($(`tr[data-id="${row.dataset.id}"]`, body)) continue;
    row.classList.add('fresh');
    const below = $$('tr', body).find((other) => precedes(row, other));
    body.insertBefore(row, below ?? null);
    count++;
  }
  if (count === 0) return;
  announce(`${count} new ${count === 1 ? 'entry' : 'entries'}`);
  refreshing ??= setTimeout(refreshSummary, 1000);
}

function precedes(row, other) {
  if (row.dataset.at !== other.dataset.at) return row.dataset.at > other.dataset.at;
  return Number(row.dataset.id) > Number(other.dataset.id);
}

// refreshSummary gets the chart and the counts again.
async function refreshSummary() {
  refreshing = undefined;
  if (drag || $('#filters:popover-open')) return;
  try {
    await loadSummary();
  } catch {
    // The next entries bring it.
  }
}

function startLive() {
  const button = liveButton();
  if (!button || button.disabled) return;
  after = button.dataset.after;
  button.addEventListener('click', switchLive);
  document.addEventListener('visibilitychange', () => {
    if (!source && !document.hidden && sessionStorage.getItem('live')) openLive();
    else if (document.hidden) closeLive();
  });
  addEventListener('pagehide', closeLive);
  if (sessionStorage.getItem('live')) {
    liveState(true);
    openLive();
  }
}

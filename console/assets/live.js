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
  source.addEventListener('open', () => liveButton().classList.add('open'));
  source.addEventListener('rows', (event) => {
    after = event.lastEventId;
    addRows(fragment(event.data));
  });
  source.addEventListener('many', (event) => {
    after = event.lastEventId;
    liveState(true, 'So many entries came in that some are not shown. Load the page again to see all.');
  });
  source.addEventListener('end', () => endLive('You are no longer logged in. Log in again to go on.'));
  source.addEventListener('error', () => {
    liveButton().classList.remove('open');
    // A page that is being left loses its connection as well: that is no refusal.
    const refused = source;
    setTimeout(() => {
      if (source === refused && source.readyState === EventSource.CLOSED) {
        endLive('The live view was refused. Load the page again, log in again, or close other live views.');
      }
    }, 300);
  });
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

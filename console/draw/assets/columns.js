// The columns of the list: the edge between two is dragged, or moved by the arrow keys. What is
// chosen is kept by this browser, as shares of the list's width.
const widthsKey = 'column-widths', leastWidth = 48, stride = 16;

const columnName = (head) => [...head.classList].find((name) => name.startsWith('c-'));
const shownHeads = () => $$('#entries thead th').filter((head) => head.checkVisibility());

function keptWidths() {
  try {
    const kept = JSON.parse(localStorage.getItem(widthsKey) ?? '{}');
    return kept && typeof kept === 'object' ? kept : {};
  } catch {
    return {};
  }
}

function keepWidths() {
  const kept = keptWidths(), whole = $('#entries').clientWidth;
  for (const head of shownHeads()) kept[columnName(head)] = head.offsetWidth / whole;
  try {
    localStorage.setItem(widthsKey, JSON.stringify(kept));
  } catch {
    // Without storage they last as long as the page.
  }
}

// applyWidths gives the columns that show the shares that are kept; those of others stay usual.
function applyWidths() {
  const kept = keptWidths(), heads = shownHeads();
  for (const head of $$('#entries thead th')) head.style.width = '';
  if (!heads.some((head) => kept[columnName(head)] > 0)) return showShares();
  const whole = $('#entries').clientWidth;
  const shares = heads.map((head) => kept[columnName(head)] > 0 ? kept[columnName(head)] : head.offsetWidth / whole);
  const sum = shares.reduce((a, b) => a + b, 0);
  heads.forEach((head, i) => { head.style.width = `${shares[i] / sum * 100}%`; });
  showShares();
}

// showShares tells assistive technology how wide each column is, in percent.
function showShares() {
  const whole = $('#entries').clientWidth || 1;
  for (const head of shownHeads()) {
    $('.grip', head)?.setAttribute('aria-valuenow', String(Math.round(head.offsetWidth / whole * 100)));
  }
}

// moveEdge makes a column wider by what the next one loses, from the widths that they had.
function moveEdge(heads, widths, at, by) {
  by = Math.max(leastWidth - widths[at], Math.min(widths[at + 1] - leastWidth, by));
  heads.forEach((head, i) => {
    const width = widths[i] + (i === at ? by : i === at + 1 ? -by : 0);
    head.style.width = `${width / $('#entries').clientWidth * 100}%`;
  });
  showShares();
}

function dragEdge(grip, down) {
  const heads = shownHeads(), at = heads.indexOf(grip.parentElement);
  if (at < 0 || at + 1 >= heads.length) return;
  const widths = heads.map((head) => head.offsetWidth);
  const move = (event) => moveEdge(heads, widths, at, event.clientX - down.clientX);
  const end = () => {
    grip.classList.remove('held');
    document.body.classList.remove('resizing');
    grip.removeEventListener('pointermove', move);
    keepWidths();
  };
  down.preventDefault();
  grip.setPointerCapture(down.pointerId);
  grip.classList.add('held');
  document.body.classList.add('resizing');
  grip.addEventListener('pointermove', move);
  grip.addEventListener('lostpointercapture', end, {once: true});
}

function pressEdge(grip, event) {
  const by = {ArrowLeft: -stride, ArrowRight: stride}[event.key];
  if (event.key === 'Home') usualWidths();
  if (!by) return;
  event.preventDefault();
  const heads = shownHeads(), at = heads.indexOf(grip.parentElement);
  if (at < 0 || at + 1 >= heads.length) return;
  moveEdge(heads, heads.map((head) => head.offsetWidth), at, by);
  keepWidths();
}

function usualWidths() {
  try {
    localStorage.removeItem(widthsKey);
  } catch {
    // Nothing was kept.
  }
  if ($('#entries')) applyWidths();
}

function addGrip(head) {
  const grip = document.createElement('span');
  grip.className = 'grip';
  grip.tabIndex = 0;
  for (const [name, value] of Object.entries({
    role: 'separator', 'aria-orientation': 'vertical', 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-valuenow': '0',
    'aria-label': `Width of ${head.firstChild.textContent.trim() || 'the column'}`,
  })) grip.setAttribute(name, value);
  grip.addEventListener('pointerdown', (event) => { if (event.button === 0) dragEdge(grip, event); });
  grip.addEventListener('keydown', (event) => pressEdge(grip, event));
  grip.addEventListener('dblclick', usualWidths);
  head.append(grip);
}

function startColumns() {
  $('#usual-widths')?.addEventListener('click', usualWidths);
  if (!$('#entries')) return;
  $$('#entries thead th').slice(0, -1).forEach(addGrip);
  applyWidths();
  let wide = 0;
  new ResizeObserver(([{contentRect}]) => {
    if (contentRect.width !== wide) applyWidths(); // rows that come make the list higher alone
    wide = contentRect.width;
  }).observe($('#list'));
}

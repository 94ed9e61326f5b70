const rowOf = (element) => element.closest?.('#rows tr[data-id]');
const openRow = () => $('#rows tr.open');
const entryIn = (url) => new URL(url, location.href).searchParams.get('entry');

let opening; // the AbortController of the entry that is being fetched

// panelURL returns where the part of an entry is, given the address of the list
// with that entry open.
function panelURL(listURL) {
  const params = new URL(listURL, location.href).searchParams;
  params.set('id', params.get('entry'));
  params.delete('entry');
  params.delete('cursor');
  params.set('part', 'panel');
  return under('/entry?') + params;
}

function markOpen(id) {
  for (const row of $$('#rows tr.open')) {
    row.classList.remove('open');
    $('.row-link', row).removeAttribute('aria-current');
  }
  const row = id && $(`#rows tr[data-id="${CSS.escape(id)}"]`);
  if (!row) return;
  row.classList.add('open');
  $('.row-link', row).setAttribute('aria-current', 'true');
}

// showEntry opens the entry of an address beside the list.
async function showEntry(url, {focus = false} = {}) {
  const panel = $('#panel'), id = entryIn(url);
  opening?.abort();
  opening = new AbortController();
  const {signal} = opening;
  markOpen(id);
  $('#board').classList.add('opened');
  panel.setAttribute('aria-busy', 'true');
  if (!panel.firstElementChild) panel.replaceChildren(fragment($('#entry-loading').innerHTML));
  try {
    panel.replaceChildren(fragment(await fetchPart(panelURL(url), signal)));
    showCopyButtons(panel);
    showProof(panel);
    if (focus) $('#entry-title')?.focus();
  } catch (error) {
    if (signal.aborted) return;
    panel.replaceChildren(fragment($('#entry-failed').innerHTML));
    $('.retry', panel).addEventListener('click', () => showEntry(url, {focus: true}));
  }
  panel.removeAttribute('aria-busy');
}

// goToEntry opens an entry and gives the page its address. Going from entry to
// entry leaves one step in the history.
function goToEntry(url, options) {
  if (entryIn(location.href)) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  return showEntry(url, options);
}

function hideEntry() {
  opening?.abort();
  const row = openRow();
  markOpen(null);
  $('#board').classList.remove('opened');
  $('#panel').replaceChildren();
  $('#panel').removeAttribute('aria-busy');
  $('.row-link', row ?? document)?.focus({preventScroll: true});
}

function closeEntry() {
  const url = new URL(location.href);
  url.searchParams.delete('entry');
  history.pushState(null, '', url);
  hideEntry();
}

const viewOf = (href) => {
  const url = new URL(href);
  url.searchParams.delete('entry');
  return url.pathname + url.search;
};

let shown = viewOf(location.href); // what the list shows

// resetForms has the search box and the form of times say what the list shows: on the way
// back, and when the page is loaded again, browsers put in what was typed there before.
function resetForms({persisted}) {
  const [arrival] = performance.getEntriesByType('navigation');
  if (!persisted && arrival?.type === 'navigate') return;
  for (const form of $$('.toolbar form')) form.reset();
}

function followHistory() {
  if (viewOf(location.href) !== shown) location.reload();
  else if (entryIn(location.href)) showEntry(location.href);
  else hideEntry();
}

// loadOlder puts the next page in the place of the link to it.
async function loadOlder(link) {
  if (link.getAttribute('aria-busy') === 'true') return;
  link.setAttribute('aria-busy', 'true');
  const {further} = link.dataset;
  link.textContent = `Loading ${further} entries…`;
  try {
    const page = fragment(await fetchPart(link.href + '&part=rows'));
    const rows = $$('tr', page);
    $('#rows').append(...rows);
    $('#older-line').replaceWith($('.older', page));
    announce(`${rows.length} ${further} entries`);
    watchOlder();
  } catch {
    link.removeAttribute('aria-busy');
    link.textContent = `The ${further} entries could not be loaded. Try again`;
  }
}

// maxScrolled is how many rows come by scrolling; more come by a click.
const maxScrolled = 2000;
let olderSeen;

function watchOlder() {
  const link = $('#older');
  if (!link) return;
  olderSeen ??= new IntersectionObserver((entries) => {
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting) continue;
      olderSeen.unobserve(target);
      if ($$('#rows tr[data-id]').length < maxScrolled) loadOlder(target);
    }
  }, {rootMargin: '800px'});
  olderSeen.observe(link);
}

// loadSummary puts the chart and the counts in their place.
async function loadSummary() {
  const summary = $('#summary');
  summary.replaceChildren(fragment(await fetchPart(summary.dataset.url)));
  startChart();
}

// awaitCounts gets what the page itself did not wait for.
async function awaitCounts() {
  const counting = $('#counting');
  if (!counting) return;
  counting.textContent = 'Counting…';
  try {
    await loadSummary();
  } catch {
    counting.textContent = 'The entries could not be counted. Choose a shorter time, or load the page again.';
  }
}

function clickInList(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const older = event.target.closest('#older');
  const row = rowOf(event.target);
  if (older) {
    event.preventDefault();
    loadOlder(older);
  } else if (row && !getSelection().toString()) {
    event.preventDefault();
    const covers = matchMedia('(max-width: 860px)').matches;
    goToEntry($('.row-link', row).href, {focus: covers || event.detail === 0});
  }
}

function startLogs() {
  addEventListener('pageshow', resetForms);
  if (!$('#board')) return;
  $('#list').addEventListener('click', clickInList);
  $('#panel').addEventListener('click', (event) => {
    if (!event.target.closest('.close') || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    closeEntry();
  });
  addEventListener('popstate', followHistory);
  watchOlder();
  awaitCounts();
}

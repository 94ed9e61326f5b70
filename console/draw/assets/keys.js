// Keys: j and k along the entries, / to search, Esc back, ? for help.
const typing = (element) => element.matches('input, textarea, select, [contenteditable]');

function moveBy(step) {
  const rows = $$('#rows tr[data-id]');
  if (rows.length === 0) return;
  const at = rows.indexOf(rowOf(document.activeElement) ?? openRow());
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
  const link = $('.row-link', next);
  link.focus({preventScroll: true});
  next.scrollIntoView({block: 'nearest'});
  if (openRow()) goToEntry(link.href);
}

function escape(event) {
  const menu = $('details.menu[open]');
  if (menu) {
    menu.open = false;
    $('summary', menu).focus();
  } else if (event.target === $('#search')) event.target.blur();
  else if ($('#board.opened')) closeEntry();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $('dialog[open]')) return;
  if (event.key === 'Escape') return escape(event);
  if (typing(event.target)) return;
  const actions = {
    j: () => moveBy(1),
    k: () => moveBy(-1),
    '/': () => $('#search')?.select(),
    l: () => liveButton()?.click(),
    t: switchTheme,
    p: openProjects,
    '?': () => $('#help')?.showModal(),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function startKeys() {
  document.addEventListener('keydown', pressed);
  $('#help-button')?.addEventListener('click', () => $('#help').showModal());
  $('#help')?.addEventListener('click', (event) => { if (event.target === event.currentTarget) event.target.close(); });
}

// under returns an address of this log, which may be below a path of its host.
function under(path) {
  return document.body.dataset.base + path;
}

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// announce tells a screen reader, without moving the focus.
function announce(text) {
  $('#announce').textContent = text;
}

// fragment makes elements of HTML that this server made.
function fragment(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

// fetchPart gets a part of a page. Whoever is no longer logged in is sent to log in.
async function fetchPart(url, signal) {
  const answer = await fetch(url, {signal, headers: {Accept: 'text/html'}});
  if (answer.status === 401) {
    const here = location.pathname.slice(under('').length) + location.search;
    location.href = under('/login?next=') + encodeURIComponent(here);
    return new Promise(() => {});
  }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.classList.contains('dark') ||
    !root.classList.contains('light') && matchMedia('(prefers-color-scheme: dark)').matches;
  const theme = dark ? 'light' : 'dark';
  root.classList.remove('light', 'dark');
  root.classList.add(theme);
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `auditlog_theme=${theme}; path=${under('/')}; max-age=31536000; samesite=strict${secure}`;
}

function closeMenus(except) {
  for (const menu of $$('details.menu[open]')) if (menu !== except) menu.open = false;
}

async function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    announce('Copied');
    button.classList.add('done');
    setTimeout(() => button.classList.remove('done'), 1500);
  } catch {
    // Without permission, or over plain HTTP: leave it selected, to be copied by hand.
    getSelection().selectAllChildren(source);
    announce('Selected. Copy with Ctrl+C');
  }
}

function showCopyButtons(root) {
  for (const button of $$('.copy[hidden]', root)) button.hidden = false;
}

function startFrame() {
  $('.theme').addEventListener('submit', (event) => {
    event.preventDefault();
    switchTheme();
  });
  document.addEventListener('click', (event) => {
    closeMenus(event.target.closest('details.menu'));
    const copy = event.target.closest('.copy');
    if (copy) copyText(copy);
  });
  document.addEventListener('focusin', (event) => closeMenus(event.target.closest('details.menu')));
  showCopyButtons(document);
  for (const hidden of $$('[data-scripted]')) hidden.hidden = false;
}

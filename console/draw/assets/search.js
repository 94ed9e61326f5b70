// What the search box offers: recent searches, saved ones, keys and values that occur.
const mostRecent = 8;
let suggesting;

function recent() {
  try {
    return JSON.parse(localStorage.getItem('searches') ?? '[]').filter((text) => typeof text === 'string');
  } catch {
    return [];
  }
}

function rememberSearch(text) {
  if (!text.trim()) return;
  try {
    localStorage.setItem('searches', JSON.stringify([text, ...recent().filter((other) => other !== text)].slice(0, mostRecent)));
  } catch {
    // Without storage nothing is remembered.
  }
}

async function suggest(box) {
  suggesting?.abort();
  suggesting = new AbortController();
  const {signal} = suggesting;
  const typed = box.value;
  const offered = recent().filter((text) => text !== typed && text.startsWith(typed)).map((text) => new Option('Recent', text));
  try {
    const options = fragment(await fetchPart(`${box.dataset.suggest}&search=${encodeURIComponent(typed)}`, signal));
    if (!signal.aborted) $('#completions').replaceChildren(...offered, options);
  } catch {
    if (!signal.aborted) $('#completions').replaceChildren(...offered);
  }
}

function startSearch() {
  const box = $('#search');
  if (!box) return;
  let waiting;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => suggest(box), 120);
  };
  box.addEventListener('input', soon);
  box.addEventListener('focus', soon);
  box.form.addEventListener('submit', () => rememberSearch(box.value));
}

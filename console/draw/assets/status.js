// The page Status keeps up with the log while somebody looks at it.
const stateEvery = 10_000;

async function refreshState(place) {
  const busy = document.hidden || $('details[open]', place) || place.contains(document.activeElement) ||
    getSelection().toString();
  if (busy) return;
  try {
    place.replaceChildren(fragment(await fetchPart(place.dataset.url)));
    $('#state-note').hidden = true;
  } catch {
    $('#state-note').hidden = false;
  }
}

function startState() {
  const place = $('#state');
  if (place) setInterval(() => refreshState(place), stateEvery);
}

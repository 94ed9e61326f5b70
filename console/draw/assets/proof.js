// The proof of an entry: it is fetched, and checked here, not just claimed. What is proved has to be
// the entry that is shown.
const isShown = (place, proved) => {
  const shown = $('#entry-json', place.closest('.entry')).textContent;
  return proved.length === 1 && JSON.stringify(JSON.parse(shown)) === JSON.stringify(proved[0]);
};

async function checkProof(place) {
  const said = $('[role=status]', place);
  const say = (className, text) => {
    said.className = className;
    said.textContent = text;
  };
  say('soft', 'checking…');
  try {
    const answer = await fetch(place.dataset.proof);
    if (!answer.ok) {
      say('soft', answer.status === 503 ? 'not in a checkpoint yet' : 'none');
      $('a', place).hidden = true;
      return;
    }
    const {verifyBundle} = await import(place.dataset.module);
    const proved = [];
    const {headTime, master, fingerprint} = await verifyBundle(await answer.text(), (entry) => proved.push(entry));
    if (!isShown(place, proved)) throw new Error('what is proved is another entry than this');
    say('proved', `Proved: in the checkpoint of ${headTime.toISOString().replace('.000Z', 'Z')}`);
    said.title = `Checked in this browser, against head ${master.size} of ${master.origin}, signed with the key ${fingerprint}`;
  } catch (err) {
    say('bad', `It does not hold: ${err.message}`);
  }
}

function showProof(root) {
  for (const place of $$('[data-proof]', root)) checkProof(place);
}

// The proof of an entry: it is fetched, and checked here, not just claimed.
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
    const {headTime, master, fingerprint} = await verifyBundle(await answer.text(), () => {});
    say('proved', `Proved: in the checkpoint of ${headTime.toISOString().replace('.000Z', 'Z')}`);
    said.title = `Checked in this browser, against head ${master.size} of ${master.origin}, signed with the key ${fingerprint}`;
  } catch (err) {
    say('bad', `It does not hold: ${err.message}`);
  }
}

function showProof(root) {
  for (const place of $$('[data-proof]', root)) checkProof(place);
}

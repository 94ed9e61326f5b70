// The menu of projects finds while one types, however many there are.
let finding;

async function findProjects(box) {
  finding?.abort();
  finding = new AbortController();
  const {signal} = finding, list = $('#project-links');
  try {
    const links = fragment(await fetchPart(under(`/?part=links&find=${encodeURIComponent(box.value)}`), signal));
    list.replaceChildren(links);
    const count = $$('a', list).length;
    announce(count === 1 ? '1 project' : `${count} projects`);
  } catch {
    // What is there stays, and the form itself still leads to the list of all.
  }
}

// along moves the focus through what the menu holds.
function along(menu, event) {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step) return;
  event.preventDefault();
  const stops = [projectBox(), ...$$('.menu-body a', menu)].filter((stop) => stop.checkVisibility());
  const at = stops.indexOf(document.activeElement);
  stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus();
}

const projectBox = () => $('.menu-find input[type=search]');

function openProjects() {
  const box = projectBox();
  if (!box) return;
  box.closest('details').open = true;
  box.select();
  box.focus();
}

function startProjects() {
  const box = projectBox(), menu = box?.closest('details');
  if (!box) return;
  let waiting;
  menu.addEventListener('toggle', () => {
    if (menu.open && document.activeElement !== box) openProjects();
  });
  menu.addEventListener('keydown', (event) => along(menu, event));
  box.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => findProjects(box), 80);
  });
  box.form.addEventListener('submit', async (event) => {
    if (!box.value.trim()) return;
    event.preventDefault();
    clearTimeout(waiting);
    await findProjects(box); // what is typed last counts, however fast
    const first = $('#project-links a');
    if (first) location.href = first.href;
  });
}

// The chart: what a bar holds on hover, and a range by dragging over bars.
let drag; // {from, to}: indexes of the bars between which the pointer moved

const bars = () => $$('#plot .bar');

function barAt(plot, x) {
  const box = plot.getBoundingClientRect(), count = bars().length;
  return Math.max(0, Math.min(count - 1, Math.floor((x - box.left) / box.width * count)));
}

function showBrush(plot) {
  const brush = $('.brush', plot), count = bars().length;
  const low = Math.min(drag.from, drag.to), high = Math.max(drag.from, drag.to) + 1;
  brush.hidden = false;
  brush.style.left = `${low / count * 100}%`;
  brush.style.width = `${(high - low) / count * 100}%`;
}

function showTip(plot, index) {
  const bar = bars()[index], tip = $('.tip', plot);
  if (!bar) return;
  const [when, ...what] = bar.dataset.label.split('\n');
  tip.replaceChildren(Object.assign(document.createElement('b'), {textContent: when}), ...what);
  tip.hidden = false;
  const width = plot.clientWidth, center = (index + .5) / bars().length * width;
  tip.style.left = `${Math.max(0, Math.min(width - tip.offsetWidth, center - tip.offsetWidth / 2))}px`;
}

function selectBars(low, high) {
  const all = bars(), url = new URL(location.href);
  for (const name of ['range', 'from', 'to', 'cursor', 'at', 'entry']) url.searchParams.delete(name);
  location.href = `${url.pathname}?${url.searchParams}&from=${all[low].dataset.from}&to=${all[high].dataset.to}`;
}

function endDrag(plot) {
  const {from, to} = drag;
  drag = undefined;
  $('.brush', plot).hidden = true;
  // A drag within one bar is a click, and the bar's own link does it.
  if (from !== to) selectBars(Math.min(from, to), Math.max(from, to));
}

function startChart() {
  const plot = $('#plot');
  if (!plot || bars().length === 0) return;
  for (const bar of bars()) {
    const title = $('title', bar);
    bar.dataset.label = title.textContent;
    title.remove(); // the browser's own tip would cover ours
  }
  for (const name of ['brush', 'tip']) {
    plot.append(Object.assign(document.createElement('div'), {className: name, hidden: true}));
  }
  plot.addEventListener('dragstart', (event) => event.preventDefault());
  plot.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const index = barAt(plot, event.clientX);
    drag = {from: index, to: index};
  });
  addEventListener('pointermove', (event) => {
    if (!plot.isConnected) return;
    if (drag) {
      drag.to = barAt(plot, event.clientX);
      if (drag.from !== drag.to) showBrush(plot);
    }
    if (drag || plot.contains(event.target)) showTip(plot, barAt(plot, event.clientX));
  });
  plot.addEventListener('pointerleave', () => { $('.tip', plot).hidden = true; });
  addEventListener('pointerup', () => { if (drag) endDrag(plot); });
  addEventListener('pointercancel', () => { drag = undefined; });
}

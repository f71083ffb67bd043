// Mouse, fingers and keys. A point is found by looking at all of them, a millisecond for a full tile.
function nearest(x, y, far) {                                 // the point of this component nearest to a place
  let best = -1;
  for (let i = 0; i < n; i++) {
    const d = (X[i] - x) ** 2 + (Y[i] - y) ** 2;
    if (d < far && part[i] == component) { best = i; far = d; }
  }
  return best;
}
function near(px, py, reach) {                                // within so many pixels, or in whose cell that is
  const r = Math.max(reach / view.s, meta.lattice ? .71 : 0);
  return nearest(view.x + px / view.s, view.y + py / view.s, r * r);
}
function beside(dx, dy) {                                     // the next point that way, within 45 degrees
  let best = selected, far = Infinity;
  for (let i = 0; i < n; i++) {
    const a = X[i] - X[selected], b = Y[i] - Y[selected];
    const ahead = a * dx + b * dy, aside = Math.abs(a * dy - b * dx), d = a * a + b * b;
    if (ahead > 0 && aside <= ahead && d < far && part[i] == component) { best = i; far = d; }
  }
  return best;
}
function follow() {                                           // keep the selected point in sight
  const px = (X[selected] - view.x) * view.s, py = (Y[selected] - view.y) * view.s;
  if (px < 20 || py < 20 || px > wide - 20 || py > high - 20) {
    view.x = X[selected] - wide / 2 / view.s; view.y = Y[selected] - high / 2 / view.s;
  }
  redraw();
}
function hover(x, y) {
  const i = near(x, y, 5);
  $("hover").textContent = i < 0 ? "" : shown[i] == shown[i] ? `${text(shown[i])} ${scaleOf().unit}` : "no forecast";
}

const fingers = new Map();
let moved = 0;
const here = e => { const b = map.getBoundingClientRect(); return [e.clientX - b.left, e.clientY - b.top]; };
map.addEventListener("pointerdown", e => {
  map.setPointerCapture(e.pointerId);
  fingers.set(e.pointerId, here(e));
  if (fingers.size == 1) moved = 0;
});
map.addEventListener("pointermove", e => {
  const [x, y] = here(e), old = fingers.get(e.pointerId);
  if (!old) return hover(x, y);
  const other = [...fingers].find(([id]) => id != e.pointerId)?.[1];
  moved += Math.hypot(x - old[0], y - old[1]);
  fingers.set(e.pointerId, [x, y]);
  if (!other) return moved > 4 && pan(x - old[0], y - old[1]);
  const before = Math.max(1, Math.hypot(old[0] - other[0], old[1] - other[1]));
  pan((x - old[0]) / 2, (y - old[1]) / 2);
  zoom(Math.hypot(x - other[0], y - other[1]) / before, (x + other[0]) / 2, (y + other[1]) / 2);
  moved += 9;
});
for (const end of ["pointerup", "pointercancel"]) map.addEventListener(end, e => {
  if (!fingers.delete(e.pointerId) || end != "pointerup" || moved > 4) return;
  const i = near(...here(e), e.pointerType == "touch" ? 22 : 10);
  if (i >= 0) select(i);
});
map.addEventListener("pointerleave", () => $("hover").textContent = "");
map.addEventListener("wheel", e => {
  e.preventDefault();
  zoom(Math.exp(-e.deltaY * (e.deltaMode ? .04 : .0015)), ...here(e));
}, { passive: false });
map.addEventListener("dblclick", e => zoom(2, ...here(e)));
map.addEventListener("keydown", e => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
  if (way && e.shiftKey) pan(-80 * way[0], -80 * way[1]);
  else if (way) { select(beside(...way)); follow(); }
  else if (e.key == "+" || e.key == "=") zoom(1.5);
  else if (e.key == "-") zoom(1 / 1.5);
  else if (e.key == "0") whole();
  else return;
  e.preventDefault();
});
$("in").onclick = () => zoom(1.6);
$("out").onclick = () => zoom(1 / 1.6);
$("whole").onclick = whole;
for (const input of document.getElementsByName("layer")) input.onchange = () => { layer = +input.value; show(); };
for (const input of document.getElementsByName("component")) input.onchange = () => {
  component = +input.value;
  const there = nearest(X[selected], Y[selected], Infinity);
  show();
  if (there >= 0) { select(there); follow(); }
};
$("date").oninput = () => { lead = +$("date").value; show(); };

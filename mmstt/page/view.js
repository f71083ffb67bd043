// A view is the place in the upper left corner, in units of 100 m from the north-west, and the pixels of such a unit.
const map = $("map"), g = map.getContext("2d", { alpha: false }), view = { x: 0, y: 0, s: 1 };
let selected = -1, asked = false, wide = 1, high = 1;
const MOST_PIXELS = 4e6, MOST_MARKS = 30000;

const redraw = () => asked ||= !!requestAnimationFrame(() => { asked = false; draw(); });
const fitting = () => Math.min(wide / cols, high / rows) * .92;
function whole() {
  view.s = fitting();
  view.x = (cols - wide / view.s) / 2; view.y = (rows - high / view.s) / 2;
  redraw();
}
function zoom(by, x = wide / 2, y = high / 2) {
  const s = Math.max(fitting() / 2, Math.min(Math.max(48, 4 * fitting()), view.s * by));
  view.x += x / view.s - x / s; view.y += y / view.s - y / s; view.s = s;
  redraw();
}
function pan(dx, dy) {                                        // pixels; the middle of the map stays on the points
  view.x = Math.max(-wide / 2 / view.s, Math.min(cols - wide / 2 / view.s, view.x - dx / view.s));
  view.y = Math.max(-high / 2 / view.s, Math.min(rows - high / 2 / view.s, view.y - dy / view.s));
  redraw();
}

const nice = v => { const p = 10 ** Math.floor(Math.log10(v)); return [1, 2, 5, 10].find(f => f * p >= v) * p; };
function label(words, x, y, align) {
  g.textAlign = align;
  g.strokeStyle = "#fff"; g.lineWidth = 3; g.strokeText(words, x, y);
  g.fillStyle = "#1b1f23"; g.fillText(words, x, y);
}

function inView(margin) {                                     // how many points would be drawn
  if (!sorted) sort();
  const { x, y, s } = view, m = margin / s, right = x + wide / s + m, bottom = y + high / s + m;
  let count = 0;
  for (let j = 0; j < painted; j++) { const i = order[j]; count += X[i] > x - m && X[i] < right && Y[i] > y - m && Y[i] < bottom; }
  return count;
}

function marks(size) {                                        // a square or a dot for each point in sight
  const { x, y, s } = view, colours = named[ramp()], half = size / 2;
  let last = -1;
  const close = () => { if (last < 0) return; g.fillStyle = colours[last]; g.fill(); if (!meta.lattice) g.stroke(); };
  g.strokeStyle = "rgba(27,31,35,.45)"; g.lineWidth = .6;
  for (let j = 0; j < painted; j++) {
    const i = order[j], px = (X[i] - x) * s, py = (Y[i] - y) * s;
    if (px < -half || py < -half || px > wide + half || py > high + half) continue;
    const c = colour(shown[i]);
    if (c != last) { close(); g.beginPath(); last = c; }
    if (meta.lattice) g.rect(px - half, py - half, size, size);
    else { g.moveTo(px + half, py); g.arc(px, py, half, 0, 7); }
  }
  close();
}

function draw() {
  const dpr = devicePixelRatio || 1, { x, y, s } = view;
  g.setTransform(dpr, 0, 0, dpr, 0, 0); g.fillStyle = "#dde1e5"; g.fillRect(0, 0, wide, high);
  const dot = Math.max(5, Math.min(14, .7 * s));
  let k = meta.lattice ? 1 : 2 ** -6;
  while (k * s * (meta.lattice ? dpr : .5) < 1 || cols * rows / k / k > MOST_PIXELS) k *= 2;
  const coarse = meta.lattice ? k > 1 && k * s > 3 : true;    // the image would be too coarse here, or dots are wanted
  const direct = coarse && inView(dot) <= MOST_MARKS;
  if (direct) marks(meta.lattice ? Math.max(s, 1) : dot);
  else {
    const picture = image(k), size = k * s;
    g.imageSmoothingEnabled = false;
    g.drawImage(picture, -x * s, -y * s, picture.width * size, picture.height * size);
  }
  const means = `means of ${text(k * 100, 0)} × ${text(k * 100, 0)} m; zoom in for each point`;
  $("blocks").textContent = direct || meta.lattice && k == 1 ? "" : means;
  grid(); ruler(); mark();
}

function mark() {                                             // the selected point
  if (selected < 0) return;
  const a = Math.max(meta.lattice ? view.s : 0, meta.lattice ? 9 : 16);
  const px = (X[selected] - view.x) * view.s, py = (Y[selected] - view.y) * view.s;
  for (const [colour, width] of [["#fff", 5], ["#000", 2]]) {
    g.strokeStyle = colour; g.lineWidth = width;
    if (meta.lattice) g.strokeRect(px - a / 2, py - a / 2, a, a);
    else { g.beginPath(); g.arc(px, py, a / 2, 0, 7); g.stroke(); }
  }
}

function grid() {                                             // lines every so many kilometres
  const km = 10 * view.s, step = Math.max(.1, nice(110 / km)), digits = step < 1 ? 1 : 0;
  const west = meta.west / 1e3 - .05 + view.x / 10, north = meta.north / 1e3 + .05 - view.y / 10;
  const every = (from, to) => {
    const first = Math.ceil(from / step);
    return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
  };
  const easts = every(west, west + wide / km).map(e => [(e - west) * km, e]);
  const norths = every(north - high / km, north).map(v => [(north - v) * km, v]);
  g.font = "11px system-ui, sans-serif"; g.textBaseline = "middle"; g.lineJoin = "round";
  g.strokeStyle = "rgba(27,31,35,.2)"; g.lineWidth = 1; g.beginPath();
  for (const [x] of easts) { g.moveTo(Math.round(x) + .5, 0); g.lineTo(Math.round(x) + .5, high); }
  for (const [y] of norths) { g.moveTo(0, Math.round(y) + .5); g.lineTo(wide, Math.round(y) + .5); }
  g.stroke();
  for (const [x, e] of easts) if (x > 30 && x < wide - 30) label("E " + e.toFixed(digits) + " km", x, high - 10, "center");
  for (const [y, v] of norths) if (y > 50 && y < high - 60) label("N " + v.toFixed(digits) + " km", 6, y - 8, "left");
}

function ruler() {
  const km = nice(6 / view.s), length = km * 10 * view.s, y = high - 30;
  for (const [colour, width, tick] of [["#fff", 5, 0], ["#1b1f23", 2, 5]]) {
    g.strokeStyle = colour; g.lineWidth = width; g.beginPath();
    g.moveTo(12, y - tick); g.lineTo(12, y); g.lineTo(12 + length, y); g.lineTo(12 + length, y - tick); g.stroke();
  }
  label(km < 1 ? `${+(km * 1e3).toPrecision(2)} m` : `${km} km`, 12 + length / 2, y - 10, "center");
}

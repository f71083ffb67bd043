// One value a point, and the image of them: several points to a pixel are painted as their mean.
const ramps = meta.ramps.map(hex => Uint32Array.from({ length: 256 }, (_, i) => {
  const c = parseInt(hex.slice(6 * i, 6 * i + 6), 16);
  return (255 << 24 | (c & 255) << 16 | c & 0xff00 | c >> 16) >>> 0;
}));
const named = meta.ramps.map(hex => Array.from({ length: 256 }, (_, i) => "#" + hex.slice(6 * i, 6 * i + 6)));
const shown = new Float32Array(n);                            // mm or mm/yr, NaN where there is none
const order = new Uint32Array(n);                             // points by colour, the palest first
let layer = 0, lead = times.length - 1, component = 0, images = {};
let sorted = false, painted = 0;                              // whether `order` is of what is shown, and of how many points

const ramp = () => layer == 2 ? 1 : 0;
const scaleOf = () => meta.layers[component][layer];
function colour(v) {                                          // of 256
  const { limit } = scaleOf(), low = layer == 2 ? 0 : -limit;
  return Math.max(0, Math.min(255, Math.round((v - low) * 255 / (limit - low))));
}

function valueOf(i) {                                         // in tenths
  if (part[i] != component) return NONE;
  if (layer == 0) return velocity[i];
  const from = lead * n + i, f = forecast[from + n];
  if (f == NONE || layer == 1 && forecast[i] == NONE) return NONE;
  return layer == 1 ? f - forecast[i] : below[from] + above[from];
}

function sort() {                                             // counting sort: the strongest colours come last, on top
  const rank = v => layer == 2 ? colour(v) : Math.min(255, Math.abs(2 * colour(v) - 255));
  const start = new Uint32Array(257);
  painted = 0; sorted = true;
  for (let i = 0; i < n; i++) if (shown[i] == shown[i]) { start[rank(shown[i]) + 1]++; painted++; }
  for (let c = 0; c < 256; c++) start[c + 1] += start[c];
  for (let i = 0; i < n; i++) if (shown[i] == shown[i]) order[start[rank(shown[i])]++] = i;
}

function show() {
  for (let i = 0; i < n; i++) { const v = valueOf(i); shown[i] = v == NONE ? NaN : v / 10; }
  images = {}; sorted = false;
  const l = scaleOf();
  $("when").hidden = layer == 0;
  $("day").textContent = `${date(times[lead])}, ${times[lead] - meta.last} days ahead`;
  $("date").setAttribute("aria-valuetext", $("day").textContent);
  $("what").textContent = `${l.title}, ${l.unit}`; $("what").title = l.about;
  const strip = $("scale").getContext("2d"), pixels = strip.createImageData(256, 1);
  new Uint32Array(pixels.data.buffer).set(ramps[ramp()]); strip.putImageData(pixels, 0, 0);
  const ticks = layer == 2 ? [0, l.limit / 2, l.limit] : [-l.limit, 0, l.limit];
  const tick = v => String(+v.toPrecision(3)).replace("-", "−");
  const sign = k => k == 2 ? "≥ " : k == 0 && layer < 2 ? "≤ " : "";
  $("ticks").innerHTML = ticks.map((v, k) => `<span>${sign(k)}${tick(v)}</span>`).join("");
  $("ends").innerHTML = l.ends.map(e => `<span>${e}</span>`).join("");
  redraw();
}

function image(k) {                                           // the map with k x k units of 100 m to a pixel
  if (images[k]) return images[k];
  const w = Math.ceil(cols / k), h = Math.ceil(rows / k);
  const sum = new Float32Array(w * h), count = new Uint16Array(w * h);
  for (let i = 0; i < n; i++) if (shown[i] == shown[i]) {
    const j = Math.min(h - 1, Y[i] / k | 0) * w + Math.min(w - 1, X[i] / k | 0);
    sum[j] += shown[i]; count[j]++;
  }
  const canvas = new OffscreenCanvas(w, h), g = canvas.getContext("2d");
  const pixels = g.createImageData(w, h), out = new Uint32Array(pixels.data.buffer), colours = ramps[ramp()];
  const { limit } = scaleOf(), low = layer == 2 ? 0 : -limit, scale = 255 / (limit - low);
  const of = v => colours[Math.max(0, Math.min(255, Math.round((v - low) * scale)))];   // as `colour`, a million times
  for (let j = 0; j < w * h; j++) if (count[j]) out[j] = of(sum[j] / count[j]);
  g.putImageData(pixels, 0, 0);
  return images[k] = canvas;
}

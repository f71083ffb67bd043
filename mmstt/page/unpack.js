// What `pack` did in Python, backwards: base64, deflate, byte planes, zigzag, differences.
const $ = id => document.getElementById(id);
const meta = JSON.parse($("meta").textContent);
const { n, rows, cols, times } = meta;
const NONE = -32768;                                          // stands for a missing value

async function inflate(id) {
  const text = atob($(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  $(id).remove();
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

async function series(id) {                                   // rows of n values: low bytes, then high bytes
  const bytes = await inflate(id);
  const all = bytes.length / 2;
  const out = new Int16Array(all);
  for (let i = 0; i < all; i++) {
    const u = bytes[i] | bytes[all + i] << 8;
    out[i] = (u >>> 1 ^ -(u & 1)) + (i < n ? 0 : out[i - n]); // each row is the difference from the one before
  }
  return out;
}

async function places(id) {                                   // distance from the edge, in units of 100 m
  const bytes = await inflate(id);
  const out = new Float32Array(n);
  for (let i = 0, sum = 0; i < n; i++) {
    const u = (bytes[i] | bytes[n + i] << 8 | bytes[2 * n + i] << 16 | bytes[3 * n + i] << 24) >>> 0;
    sum += u >>> 1 ^ -(u & 1);
    out[i] = sum * meta.unit / 100 + .5;
  }
  return out;
}

const [X, Y, part, kind] = await Promise.all([places("x"), places("y"), inflate("part"), inflate("kind")]);
const [velocity, forecast, below, above] = await Promise.all(["velocity", "forecast", "below", "above"].map(series));
const text = (v, digits = 1) => v.toFixed(digits).replace("-", "−");
const date = d => new Date(d * 864e5).toISOString().slice(0, 10);
const plain = s => s.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);

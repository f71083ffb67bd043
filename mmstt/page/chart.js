// The series of the selected point: of late, with the forecast and its interval, and over all years.
function future(i) {
  const out = [];
  times.forEach((d, h) => {
    const v = forecast[(h + 1) * n + i], j = h * n + i;
    if (v != NONE) out.push({ d, v: v / 10, lo: (v - below[j]) / 10, hi: (v + above[j]) / 10 });
  });
  return out;
}

function chart(svg, days, values, from, high, marks) {        // measured from a day on, then the forecast
  const w = svg.clientWidth || 380, left = 50, right = w - 8, top = 8, bottom = high - 20, to = times.at(-1) + 4;
  const ahead = future(selected), past = [...days].map((d, t) => ({ d, v: values[t] })).filter(p => p.d >= from);
  const all = [...past.map(p => p.v), ...ahead.flatMap(p => [p.lo, p.hi])].filter(v => v == v);
  const least = all.length ? Math.min(...all) : 0, most = all.length ? Math.max(...all) : 0;
  const middle = (least + most) / 2, half = Math.max(3, (most - least) / 2 * 1.08), step = nice(half / 2.6);
  const x = d => (left + (d - from) / (to - from) * (right - left)).toFixed(1);
  const y = v => (bottom - (v - middle + half) / (2 * half) * (bottom - top)).toFixed(1);
  let out = "";
  for (let v = Math.ceil((middle - half) / step) * step; v <= middle + half; v += step) {
    const words = text(v, step < 1 ? 1 : 0);
    out += `<path d="M${left} ${y(v)}H${right}" stroke="#e1e5e9"/>`;
    out += `<text x="${left - 5}" y="${+y(v) + 4}" text-anchor="end" fill="#4a535c">${words}</text>`;
  }
  const months = to - from > 1100 ? 12 : to - from > 500 ? 6 : 2, first = new Date(from * 864e5);
  for (let year = first.getUTCFullYear(), m = 0, d; (d = Date.UTC(year, m) / 864e5) < to; m += months) {
    if (d < from) continue;
    out += `<path d="M${x(d)} ${top}V${bottom}" stroke="#e1e5e9"/>`;
    if (x(d) > right - 20) continue;
    out += `<text x="${x(d)}" y="${high - 6}" text-anchor="middle" fill="#4a535c">${date(d).slice(0, months == 12 ? 4 : 7)}</text>`;
  }
  const words = marks ? "displacement, mm" : "mm";
  out += `<text transform="translate(9 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle" fill="#4a535c">${words}</text>`;
  out += `<path d="M${x(meta.last)} ${top}V${bottom}" stroke="#6b747d" stroke-dasharray="3 3"/>`;
  const joined = (p, i) => i && p[i - 1].v == p[i - 1].v;
  const line = p => p.reduce((s, q, i) => s + (q.v == q.v ? (joined(p, i) ? "L" : "M") + x(q.d) + " " + y(q.v) : ""), "");
  if (ahead.length) {
    const upper = ahead.map(p => x(p.d) + " " + y(p.hi)), lower = [...ahead].reverse().map(p => x(p.d) + " " + y(p.lo));
    out += `<path d="M${[...upper, ...lower].join("L")}Z" fill="#56B4E9" fill-opacity=".45"/>`;
  }
  out += `<path d="${line(past)}" fill="none" stroke="#1b1f23" stroke-width="${marks ? .9 : 1}" stroke-linejoin="round"/>`;
  out += `<path d="${line(ahead)}" fill="none" stroke="#0072B2" stroke-width="2"/>`;
  const dots = [...past.filter(q => q.v == q.v).map(q => [q, "#1b1f23"]), ...ahead.map(q => [q, "#0072B2"])];
  if (marks) for (const [p, c] of dots)
    out += `<circle cx="${x(p.d)}" cy="${y(p.v)}" r="2.4" fill="${c}"><title>${date(p.d)}: ${text(p.v)} mm</title></circle>`;
  svg.setAttribute("viewBox", `0 0 ${w} ${high}`); svg.innerHTML = out;
  const span = `${date(Math.max(from, days[0]))} to ${date(meta.last)}`;
  svg.setAttribute("aria-label", `displacement in mm from ${span}, and the forecast to ${date(times.at(-1))}`);
}

function placeOf(i) {                                         // longitude and latitude
  const u = (meta.west + 100 * (X[i] - .5) - meta.middle[0]) / meta.half;
  const v = (meta.north - 100 * (Y[i] - .5) - meta.middle[1]) / meta.half;
  const powers = [];
  for (let a = 0; a <= meta.degree; a++) for (let b = 0; b <= meta.degree - a; b++) powers.push(u ** a * v ** b);
  const [lon, lat] = meta.lonlat.map(c => c.reduce((s, k, j) => s + k * powers[j], 0));
  return `${text(Math.abs(lat), 4)}° ${lat < 0 ? "S" : "N"}, ${text(Math.abs(lon), 4)}° ${lon < 0 ? "W" : "E"}`;
}

function factsOf(i) {
  const mm = v => v == NONE ? "none" : text(v / 10) + " mm", { classes } = meta;
  const ahead = future(i), end = ahead.at(-1);
  const facts = [["place", placeOf(i)], ["velocity", velocity[i] == NONE ? "none" : text(velocity[i] / 10) + " mm/yr"],
    ["measured", `${mm(forecast[i])} on ${date(meta.last)}`],
    ["forecast", end ? `${text(end.v)} mm on ${date(end.d)}, ${meta.percent} between ${text(end.lo)} and ${text(end.hi)}` : "none: too few values of late"]];
  if (kind[i] < classes.length) facts.push(["motion class", plain(classes[kind[i]])]);
  return facts.map(([k, v]) => `<dt>${k}</dt><dd>${v}</dd>`).join("");
}

const measured = series("history"), names = inflate("pids").then(b => new TextDecoder().decode(b).split("\n"));
async function select(i) {
  selected = i; redraw();
  const [past, pids] = [await measured, await names];
  if (i != selected) return;
  const days = meta.days, values = days.map((_, t) => past[t * n + i]).map(v => v == NONE ? NaN : v / 10);
  $("cell").textContent = `${meta.lattice ? "Cell" : "Point"} ${pids[i]}${meta.components.length > 1 ? ", " + meta.components[part[i]] : ""}`;
  $("facts").innerHTML = factsOf(i);
  chart($("recent"), days, values, meta.last - meta.recent, 210, true);
  chart($("years"), days, values, days[0] - 5, 130, false);
  const row = p => `<tr><td>${date(p.d)}</td><td>${text(p.v)}</td><td>${text(p.lo)}</td><td>${text(p.hi)}</td></tr>`;
  $("numbers").innerHTML = "<tr><th>date</th><th>forecast, mm</th><th>lower</th><th>upper</th></tr>" + future(i).map(row).join("");
}

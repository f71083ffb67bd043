// The tables, then the first picture.
const share = v => v == null ? "–" : text(v, 2), percent = v => v == null ? "–" : Math.round(100 * v) + " %";
const head = names => `<tr>${names.map(c => `<th scope="col">${plain(c)}</th>`).join("")}</tr>`;
const body = cells => times.map((d, h) => `<tr>${cells(d, h).map(c => `<td>${c}</td>`).join("")}</tr>`).join("");
$("trust").innerHTML = head(["days ahead", "date", "skill", "coverage", "origins"])
  + body((d, h) => [d - meta.last, date(d), share(meta.skill[h]), percent(meta.coverage[h]), meta.origins[h]]);
for (const [id, title, values, words] of [["skills", "Skill", meta.skills, share], ["coverages", "Coverage", meta.coverages, percent]])
  $(id).innerHTML = `<caption>${title}</caption>` + head(["days ahead", ...meta.classes]) + body((d, h) => [d - meta.last, ...values.map(c => words(c[h]))]);
const means = meta.means ? ` (before ${date(meta.days[meta.means])} means of five dates, to keep this page small)` : "";
$("thinned").innerHTML = `<b>Black</b> measured${means}, <b style="color:#00537f">blue</b> forecast with the interval that is to hold ${meta.percent} of the values.`;

new ResizeObserver(() => {
  const dpr = devicePixelRatio || 1, before = [wide, high], fits = wide == 1 || Math.abs(view.s / fitting() - 1) < .01;
  wide = map.clientWidth; high = map.clientHeight; map.width = wide * dpr; map.height = high * dpr;
  if (fits) whole(); else pan((wide - before[0]) / 2, (high - before[1]) / 2);
  if (selected >= 0) select(selected);
}).observe(map);
$("hover").textContent = ""; show();
const speed = i => velocity[i] == NONE ? -1 : Math.abs(velocity[i]);
let fastest = part.indexOf(0);
for (let i = 0; i < n; i++) if (part[i] == 0 && speed(i) > speed(fastest)) fastest = i;
select(fastest);
document.body.dataset.ready = "yes";

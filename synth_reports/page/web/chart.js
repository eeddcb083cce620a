// The scatter: points, intervals, the front, a legend; every point is a button.

const HEIGHT = 500, LEFT = 60, RIGHT = 20, TOP = 28, BOTTOM = 56;
const LEAST = 300;
let WIDTH = 960;
const COLOURS = 8;
const EDGE = 26;
const FEW = 26;
const SHAPES = [
  "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z", "M-4.6-4.6H4.6V4.6H-4.6Z", "M0-6L6 0L0 6L-6 0Z", "M0-6L5.6 4.5H-5.6Z",
  "M0 6L5.6-4.5H-5.6Z", "M-6-2H-2V-6H2V-2H6V2H2V6H-2V2H-6Z", "M-6 0L4.5-5.6V5.6Z", "M6 0L-4.5-5.6V5.6Z",
];

// A scale from numbers to pixels; `low` and `high` are data, `from` and `to` pixels.
function scaleOf(low, high, from, to, log) {
  const forth = log ? Math.log10 : (value) => value;
  const start = forth(low), width = forth(high) - start || 1;
  const at = (value) => from + ((forth(value) - start) / width) * (to - from);
  return { at, ticks: log ? logTicks(low, high) : linearTicks(low, high) };
}

function linearTicks(low, high) {
  const rough = (high - low) / 6 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step / 1e6; tick += 1) ticks.push(Number((tick * step).toPrecision(12)));
  return ticks;
}

function logTicks(low, high) {
  const few = WIDTH < 600;
  const fine = few && high / low < 6 ? [1, 1.5, 2, 3, 5] : few ? [1] : high / low < 6 ? [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8] : high / low < 40 ? [1, 2, 3, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const each of fine) {
      const tick = Number((each * 10 ** power).toPrecision(6));
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

// Ends of an axis; of losses, those that are far off stand at the edge.
function ends(rows, name, log, near) {
  let values = rows.map((row) => row[name]);
  if (name === "loss") values = values.concat(rows.flatMap((row) => [row.loss_low, row.loss_high]).filter((value) => value !== null && value !== undefined));
  let low = least(values), high = greatest(values);
  let cut = null;
  if (name === "loss" && near && !log) {
    const noise = greatest([0, ...rows.filter((row) => counted(row, name) === 0).map((row) => row.loss_high ?? 0)]);
    const best = greatest([0, least(rows.map((row) => counted(row, name)))]);
    const far = best + Math.max(4, noise);
    if (greatest(rows.map((row) => row[name])) > far) { high = far; cut = far; }
  }
  if (log) return { low: low / 1.08, high: high * 1.08, cut };
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return { low: low - room, high: cut === null ? high + room : high, cut };
}

function least(values) { return values.reduce((one, other) => Math.min(one, other), Infinity); }
function greatest(values) { return values.reduce((one, other) => Math.max(one, other), -Infinity); }

function drawChart(rows) {
  const { x, y } = state;
  const drawn = rows.filter((row) => has(row, x) && has(row, y));
  const logX = state.logX && drawn.every((row) => row[x] > 0);
  const logY = state.logY && drawn.every((row) => row[y] > 0);
  const front = new Set(frontOf(drawn, x, y));
  const place = byId("chart");
  WIDTH = Math.max(LEAST, place.clientWidth);
  if (drawn.length === 0) {
    place.replaceChildren(make("p", { class: "notice" }, "No row has both numbers; take another axis, or fewer filters."));
    byId("legend").replaceChildren();
    byId("front").replaceChildren();
    return { drawn, front };
  }
  const endX = ends(drawn, x, logX, false), endY = ends(drawn, y, logY, state.near);
  // Losses grow downwards: what is better is higher, as on all other pictures.
  const down = MEASURE[y].name === "loss";
  const bottom = HEIGHT - BOTTOM - (endY.cut !== null ? EDGE : 0);
  const scaleX = scaleOf(endX.low, endX.high, LEFT, WIDTH - RIGHT, logX);
  const scaleY = scaleOf(endY.low, endY.high, down ? TOP : bottom, down ? bottom : TOP, logY);
  const where = (row) => [scaleX.at(row[x]), endY.cut !== null && row[y] > endY.cut ? bottom + EDGE / 2 : scaleY.at(row[y])];
  const colours = styles(drawn, state.colour, COLOURS), shapeBy = state.colour === "accumulator" ? "formats" : "accumulator";
  const shapes = styles(drawn, shapeBy, SHAPES.length);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": `${MEASURE[y].title} against ${MEASURE[x].title}, ${drawn.length} points` });
  svg.append(...frame(scaleX, scaleY, x, y, bottom, endY, down));
  svg.append(steps([...front], x, y, scaleX, (row) => (counted(row, y) > (endY.cut ?? Infinity) ? bottom + EDGE / 2 : scaleY.at(counted(row, y)))));
  const order = [...drawn].sort((one, other) => front.has(one) - front.has(other) || one[x] - other[x]);
  const marks = new Map();
  for (const row of order) {
    const [across, up] = where(row);
    const colour = colours.get(key(row, state.colour));
    if (y === "loss" && has(row, "loss_low") && row.loss <= (endY.cut ?? Infinity)) {
      const high = Math.min(row.loss_high, endY.cut ?? row.loss_high);
      svg.append(draw("line", { class: `bar c${colour}`, x1: across, x2: across, y1: scaleY.at(row.loss_low), y2: scaleY.at(high) }));
    }
    const mark = draw("path", {
      class: `mark c${colour}${front.has(row) ? " on" : ""}`, d: SHAPES[shapes.get(key(row, shapeBy))],
      transform: `translate(${across.toFixed(1)} ${up.toFixed(1)})`, role: "button", tabindex: "-1",
      "aria-label": `${titleOf(row)}${row.network ? ` on ${row.network}` : ""}: ${MEASURE[x].title} ${shown(row, x)}; ${MEASURE[y].title} ${shown(row, y)}${front.has(row) ? "; on the front" : ""}`,
      "data-row": row.index,
    });
    marks.set(row, mark);
    svg.append(mark);
  }
  const name = nameIn(drawn);
  svg.append(...names(front, drawn, where, name));
  listen(svg, [...drawn].sort((one, other) => one[x] - other[x] || one[y] - other[y]).map((row) => marks.get(row)));
  place.replaceChildren(svg);
  legend(colours, shapes, shapeBy);
  list(front, drawn, rows, name);
  return { drawn, front };
}

function key(row, name) {
  return has(row, name) ? String(family(name, row[name])) : "none";
}

// A style for each kind; where there are more kinds than styles, the rare ones share the last.
function styles(rows, name, most) {
  const counts = new Map();
  for (const row of rows) counts.set(key(row, name), (counts.get(key(row, name)) ?? 0) + 1);
  const kinds = sorted(counts.keys());
  const common = [...kinds].sort((one, other) => counts.get(other) - counts.get(one));
  const own = sorted(kinds.length > most ? common.slice(0, most - 1) : kinds);
  return new Map(kinds.map((kind) => [kind, own.includes(kind) ? own.indexOf(kind) : most - 1]));
}

function frame(scaleX, scaleY, x, y, bottom, endY, down) {
  const parts = [];
  for (const tick of scaleX.ticks) {
    const at = scaleX.at(tick);
    parts.push(draw("line", { class: "rule", x1: at, x2: at, y1: TOP, y2: HEIGHT - BOTTOM }));
    parts.push(draw("text", { x: at, y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, tick.toLocaleString("en-US")));
  }
  for (const tick of scaleY.ticks) {
    const at = scaleY.at(tick);
    parts.push(draw("line", { class: tick === 0 ? "zero" : "rule", x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at }));
    parts.push(draw("text", { x: LEFT - 8, y: at + 4, "text-anchor": "end" }, tick.toLocaleString("en-US")));
  }
  if (endY.cut !== null) parts.push(draw("text", { x: WIDTH - RIGHT, y: bottom + EDGE + 2, "text-anchor": "end" }, `more than ${number(endY.cut, 1)}`), draw("line", { class: "zero", x1: LEFT, x2: WIDTH - RIGHT, y1: bottom, y2: bottom }));
  parts.push(draw("text", { class: "title", x: LEFT, y: 14 }, `${MEASURE[y].title}${down ? " (better is up)" : ""}`));
  parts.push(draw("text", { class: "title", x: WIDTH - RIGHT, y: HEIGHT - 10, "text-anchor": "end" }, MEASURE[x].title));
  return parts;
}

function steps(rows, x, y, scaleX, up) {
  if (rows.length === 0) return draw("path", { class: "steps", d: "" });
  const better = MEASURE[x].better === "high";
  let path = "";
  rows.forEach((row, index) => { path += index ? `H${scaleX.at(row[x])}V${up(row)}` : `M${scaleX.at(row[x])} ${up(row)}`; });
  return draw("path", { class: "steps", d: `${path}H${better ? LEFT : WIDTH - RIGHT}` });
}

// Names beside the points of the front, where there is room: they hide no mark and no other name.
function names(front, marks, where, name) {
  const taken = marks.map(where).map(([across, up]) => ({ left: across - 7, top: up - 7, width: 14, height: 14 }));
  const found = [];
  const meets = (box) => taken.some((each) => box.left <= each.left + each.width && each.left <= box.left + box.width && box.top <= each.top + each.height && each.top <= box.top + box.height);
  for (const row of front) {
    const [across, up] = where(row);
    const text = name(row);
    const width = text.length * 6.2;
    const sides = [[across + 8, "start"], [across - 8 - width, "end"]].filter(([left]) => left >= LEFT - 8 && left + width < WIDTH);
    const places = sides.flatMap(([left, anchor]) => [-10, 18, -24, 32, -38, 46].map((lift) => ({ left, anchor, top: up + lift - 10, width, height: 13 })));
    const box = places.find((each) => each.top >= 14 && each.top < HEIGHT - BOTTOM - 12 && !meets(each));
    if (!box) continue;
    taken.push(box);
    found.push(draw("text", { class: "name", x: box.anchor === "start" ? box.left : box.left + width, y: box.top + 10, "text-anchor": box.anchor, "aria-hidden": "true" }, text));
    if (found.length >= FEW) break;
  }
  return found;
}

// One stop of the tab key; from there arrows go from point to point.
function listen(svg, marks) {
  marks[0].setAttribute("tabindex", "0");
  const rowOf = (target) => (target.dataset && target.dataset.row !== undefined ? ROWS[Number(target.dataset.row)] : null);
  svg.addEventListener("click", (event) => { const row = rowOf(event.target); if (row) openPanel(row, event.target); });
  svg.addEventListener("pointerover", (event) => { const row = rowOf(event.target); if (row) tip(row, event.target); else hideTip(); });
  svg.addEventListener("pointerleave", hideTip);
  svg.addEventListener("focusin", (event) => { const row = rowOf(event.target); if (row) tip(row, event.target); });
  svg.addEventListener("focusout", hideTip);
  svg.addEventListener("keydown", (event) => {
    const row = rowOf(event.target);
    if (!row) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); openPanel(row, event.target); return; }
    if (event.key === "Escape") { hideTip(); return; }
    const at = marks.indexOf(event.target);
    const next = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: marks.length - 1 }[event.key];
    if (next === undefined || !marks[next]) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    marks[next].setAttribute("tabindex", "0");
    marks[next].focus();
  });
}

function tip(row, target) {
  const box = target.getBoundingClientRect(), note = byId("tip");
  const lines = [titleOf(row), ...["goal", "library", "network"].filter((name) => has(row, name)).map((name) => `${DATA.identity[name]}: ${row[name]}`)];
  for (const measure of MEASURES) if (has(row, measure.name)) lines.push(`${measure.title}: ${shown(row, measure.name)}`);
  note.textContent = lines.join("\n");
  note.hidden = false;
  const left = Math.min(box.right + 12, window.innerWidth - note.offsetWidth - 8);
  note.style.left = `${Math.max(8, left)}px`;
  note.style.top = `${Math.max(8, Math.min(box.top, window.innerHeight - note.offsetHeight - 8))}px`;
}

function hideTip() {
  byId("tip").hidden = true;
}

function legend(colours, shapes, shapeBy) {
  const entry = (text, style, shape) => make("span", {}, draw("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" }, draw("path", { class: style, d: SHAPES[shape] })), text);
  const kinds = (styled) => unique(styled.values()).map((index) => {
    const alike = [...styled.keys()].filter((kind) => styled.get(kind) === index);
    return [alike.length > 1 ? `others: ${alike.join(", ")}` : alike[0], index];
  });
  byId("legend").replaceChildren(
    ...kinds(colours).map(([text, index]) => entry(text, `c${index} on`, 0)),
    ...(shapes.size > 1 ? kinds(shapes).map(([text, index]) => entry(text, "shape", index)) : []),
  );
}

function list(front, drawn, rows, name) {
  const parts = [`On the front, ${front.size} of ${drawn.length}: `];
  [...front].slice(0, 40).forEach((row, index) => {
    const button = make("button", { type: "button", class: "plain" }, name(row));
    button.addEventListener("click", () => openPanel(row, button));
    parts.push(index ? "; " : "", button, ` (${shown(row, state.x)}; ${shown(row, state.y)})`);
  });
  parts.push(front.size > 40 ? ", and more." : ".");
  if (drawn.length < rows.length) parts.push(` ${number(rows.length - drawn.length)} of the chosen rows have not both numbers, and are not drawn.`);
  byId("front").replaceChildren(...parts);
}

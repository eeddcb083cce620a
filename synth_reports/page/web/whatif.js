// What if: an order of the units by weights that one sets, for an array that one sets.

const SLIDERS = [
  { name: "area", title: "A doubling of area", from: 0, to: 10, step: 0.5, value: 3, unit: "points" },
  { name: "delay", title: "A doubling of delay", from: 0, to: 10, step: 0.5, value: 1, unit: "points" },
  { name: "energy", title: "A doubling of energy", from: 0, to: 10, step: 0.5, value: 2, unit: "points" },
  { name: "bits", title: "A doubling of bits moved", from: 0, to: 10, step: 0.5, value: 1, unit: "points" },
  { name: "loss", title: "A point of accuracy", from: 0, to: 10, step: 0.5, value: 1, unit: "points" },
  { name: "side", title: "Rows and columns of the array", from: 0, to: 8, step: 1, value: 4, power: true, unit: "" },
  { name: "lanes", title: "Products a step at each place", from: 0, to: 6, step: 1, value: 0, power: true, unit: "" },
  { name: "length", title: "Products of a sum", from: 3, to: 13, step: 1, value: 9, power: true, unit: "" },
];
const BEST = 25;

function setting(name) {
  const slider = SLIDERS.find((each) => each.name === name);
  return slider.power ? 2 ** slider.value : slider.value;
}

function buildWeights(update) {
  byId("weights").replaceChildren(...SLIDERS.map((slider) => {
    const text = () => `${number(setting(slider.name), slider.power ? 0 : 1)} ${slider.unit}`;
    const output = make("output", { for: `w-${slider.name}` }, text());
    const input = make("input", { type: "range", id: `w-${slider.name}`, min: slider.from, max: slider.to, step: slider.step, value: slider.value, "aria-valuetext": text() });
    input.addEventListener("input", () => {
      slider.value = Number(input.value);
      output.textContent = text();
      input.setAttribute("aria-valuetext", text());
      update();
    });
    return make("label", {}, make("span", { class: "pair" }, slider.title, output), input);
  }));
}

// Bits that move into and out of the array for a product: an operand is used by a row or column of
// it, a result leaves once a sum.
function bitsMoved(row, side, length) {
  if (!has(row, "operand_bits") || !has(row, "result_bits")) return null;
  return row.operand_bits / side + row.result_bits / length;
}

function columnFor(rows, names) {
  const count = (name) => rows.filter((row) => has(row, name)).length;
  return names.reduce((best, name) => (count(name) > count(best) ? name : best));
}

// Score in points: each doubling above the least of the rows, and each point lost, at its weight.
function ranked(rows) {
  const names = {
    area: columnFor(rows, ["area_ge", "area_um2", "gates", "luts"]),
    delay: columnFor(rows, ["delay_fo4", "delay_ns"]),
    energy: columnFor(rows, ["energy_cinv_v2", "energy_pj"]),
    loss: "loss",
  };
  const side = setting("side"), wanted = setting("lanes"), length = setting("length");
  const parts = rows.map((row) => {
    const units = Math.ceil(wanted / (row.lanes || 1));
    return {
      row, units,
      area: has(row, names.area) ? row[names.area] * units : null,
      delay: has(row, names.delay) ? row[names.delay] : null,
      energy: has(row, names.energy) ? row[names.energy] : null,
      bits: bitsMoved(row, side, length),
      loss: has(row, "loss") ? Math.max(0, counted(row, "loss")) : null,
    };
  });
  const weighed = ["area", "delay", "energy", "bits", "loss"].filter((name) => setting(name) > 0);
  const complete = parts.filter((part) => weighed.every((name) => part[name] !== null));
  const least_ = Object.fromEntries(weighed.map((name) => [name, least(complete.map((part) => part[name]))]));
  for (const part of complete) {
    part.score = weighed.reduce((sum, name) => sum + setting(name) * (name === "loss" ? part.loss : Math.log2(part[name] / least_[name])), 0);
  }
  complete.sort((one, other) => one.score - other.score || one.row.index - other.row.index);
  return { parts: complete, names, weighed, left: rows.length - complete.length, side, wanted };
}

function drawRanking(rows) {
  const { parts, names, weighed, left, side, wanted } = rows.length ? ranked(rows) : { parts: [], weighed: [], left: 0, names: {} };
  const places = side * side;
  const head = ["", "unit", "costs, points", `area of ${number(places)} places, ${names.area ? MEASURE[names.area].title.replace("area, ", "") : ""}`,
    names.delay ? MEASURE[names.delay].title : "delay", names.energy ? MEASURE[names.energy].title : "energy", "bits moved a product", "loss, points", "network"];
  const body = parts.slice(0, BEST).map((part, index) => {
    const button = make("button", { type: "button", class: "plain" }, titleOf(part.row));
    button.addEventListener("click", () => openPanel(part.row, button));
    const digits = (name) => (names[name] ? MEASURE[names[name]].digits : 0);
    const cells = [number(part.score, 2), number(part.area === null ? null : part.area * places, 0), number(part.delay, digits("delay")),
      number(part.energy, digits("energy")), number(part.bits, 2), number(part.loss, 2)];
    return make("tr", {}, make("td", { class: "number" }, String(index + 1)), make("td", {}, button),
      ...cells.map((cell) => make("td", { class: "number" }, cell)), make("td", {}, part.row.network ?? ""));
  });
  const wide = (title) => (["unit", "network"].includes(title) ? null : "number");
  byId("ranking").replaceChildren(
    make("thead", {}, make("tr", {}, ...head.map((title) => (title ? make("th", { scope: "col", class: wide(title) }, title) : make("td", {}))))),
    make("tbody", {}, ...body));
  const names_ = { area: "area", delay: "delay", energy: "energy", bits: "bits moved", loss: "loss" };
  let note = parts.length ? `${number(Math.min(BEST, parts.length))} of ${number(parts.length)} rows, cheapest first; ${number(places * wanted)} products a cycle.`
    : "No row of the filter has all that is weighed; set weights to 0, or choose a network.";
  if (left && parts.length) note += ` ${number(left)} rows lack ${weighed.map((name) => names_[name]).join(", ")} or one of them.`;
  byId("whatif-note").textContent = note;
}

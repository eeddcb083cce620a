// Which rows are shown: selections, words, limits; and ready-made views.

const CHOICES = ["network", "formats", "accumulator", "lanes", "window", "goal", "library", "shape", "design", "source"]
  .filter((name) => name in DATA.columns && unique(DATA.columns[name]).length > 1);
const NONE = "\u0000none";
const state = { choices: {}, words: "", proved: false, mostX: null, mostY: null, x: "", y: "", logX: true, logY: false, near: true, colour: "formats" };

// The first of the choices that gives rows is taken: published tables have sources, a sweep has one.
const VIEWS = [
  { title: "Area against accuracy", network: true, x: ["area_ge", "area_um2", "gates"], y: ["loss"], colour: "formats", logX: true },
  { title: "Area against SQNR", network: true, x: ["area_ge", "area_um2", "gates"], y: ["sqnr_db"], colour: "formats", logX: true },
  { title: "Energy against accuracy", network: true, x: ["energy_pj", "energy_cinv_v2"], y: ["loss"], colour: "formats", logX: true },
  { title: "Delay against area", choices: [{ source: "curve" }, { source: "sweep" }], x: ["delay_ns", "delay_fo4"], y: ["area_um2", "area_ge"], colour: "accumulator" },
  { title: "Beside other designs", choices: [{ source: "peers" }], words: "e4m3 -> fp16", x: ["delay_ns"], y: ["area_ge"], colour: "design" },
  { title: "On FPGAs", choices: [{ source: "fpga" }, { source: "sweep" }], x: ["luts"], y: ["fmax_mhz", "flip_flops"], colour: "formats" },
];

// Tables of one kind, and designs of one source, are chosen together.
function family(name, value) {
  const text = String(value);
  return name === "source" ? text.split("/")[0] : name === "design" ? text.split(":")[0] : text;
}

function isChosen(row) {
  for (const [name, value] of Object.entries(state.choices)) {
    if (value === "") continue;
    const own = has(row, name) ? String(family(name, row[name])) : NONE;
    if (own !== value) return false;
  }
  if (state.proved && row.proved !== true) return false;
  return matches(row) && within(row, state.x, state.mostX) && within(row, state.y, state.mostY);
}

function matches(row) {
  if (!state.words) return true;
  const text = `${row.unit} ${row.design ?? ""} ${row.goal ?? ""} ${row.library ?? ""} ${row.network ?? ""}`.toLowerCase();
  return state.words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function within(row, name, limit) {
  if (limit === null) return true;
  const value = counted(row, name);
  if (value === null) return false;
  return MEASURE[name].better === "high" ? value >= limit : value <= limit;
}

// Rows, axes and choices of a view; null if it has no points.
function available(view) {
  const networks = view.network ? [{ network: preferred(view.y[0]) }] : view.choices;
  for (const choices of networks) {
    const rows = ROWS.filter((row) => Object.entries(choices).every(([name, value]) => has(row, name) && family(name, row[name]) === value));
    for (const x of view.x) {
      for (const y of view.y) {
        const drawn = rows.filter((row) => has(row, x) && has(row, y));
        if (drawn.length) return { x, y, choices: { ...choices, ...common(drawn, "library", x) } };
      }
    }
  }
  return null;
}

// Areas and delays of several libraries are not compared: the one with most rows is chosen.
function common(rows, name, x) {
  const values = unique(rows.map((row) => row[name]));
  const count = (value) => rows.filter((row) => row[name] === value).length;
  return values.length < 2 || x === "luts" ? {} : { [name]: values.reduce((best, value) => (count(value) > count(best) ? value : best)) };
}

function apply(view) {
  Object.assign(state, { colour: view.colour, words: view.words ?? "", logX: view.logX ?? false, logY: false, proved: false, mostX: null, mostY: null }, available(view));
}

// The network that most is known of; Fashion-MNIST if it is one of those.
function preferred(name) {
  const rows = ROWS.filter((row) => has(row, "network") && has(row, name));
  const count = (network) => rows.filter((row) => row.network === network).length + (network === "fmnist" ? 0.5 : 0);
  return unique(rows.map((row) => row.network)).reduce((best, each) => (best === "" || count(each) > count(best) ? each : best), "");
}

function optionsOf(name) {
  const values = unique(ROWS.map((row) => (has(row, name) ? String(family(name, row[name])) : NONE)));
  const told = sorted(values.filter((value) => value !== NONE));
  return [["", "all"], ...told.map((value) => [value, value]), ...(values.includes(NONE) ? [[NONE, "none"]] : [])];
}

function select(label, id, options, value, change) {
  const field = make("select", { id, on: { change: (event) => change(event.target.value) } },
    ...options.map(([key, text]) => make("option", { value: key, selected: key === value }, text)));
  return make("label", {}, label, field);
}

function field(label, id, value, change, more = {}) {
  const input = make("input", { id, value: value ?? "", autocomplete: "off", ...more, on: { input: (event) => change(event.target.value) } });
  return make("label", {}, label, input);
}

function check(label, id, value, change) {
  const input = make("input", { id, type: "checkbox", on: { change: (event) => change(event.target.checked) } });
  input.checked = value;
  return make("label", { class: "check" }, input, label);
}

function limit(text) {
  const value = text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

function most(name) {
  return `${MEASURE[name].title}: at ${MEASURE[name].better === "high" ? "least" : "most"}`;
}

// Controls are built anew when a view is chosen; while one types, only what they show is.
function buildFilters(update) {
  const change = (key) => (value) => { state[key] = value; update(); };
  byId("filters").replaceChildren(
    field("Words in the unit's line", "words", state.words, change("words"), { type: "search", placeholder: "e4m3 fp16" }),
    ...CHOICES.map((name) => select(DATA.identity[name], `choice-${name}`, optionsOf(name), state.choices[name] ?? "",
      (value) => { state.choices[name] = value; update(); })),
    check("proved units only", "proved", state.proved, change("proved")),
  );
  const measures = MEASURES.map((measure) => [measure.name, measure.title]);
  const axis = (key) => (value) => { state[key] = value; state[`most${key.toUpperCase()}`] = null; buildFilters(update); update(); byId(key).focus(); };
  byId("axes").replaceChildren(
    select("Across", "x", measures, state.x, axis("x")),
    select("Up", "y", measures, state.y, axis("y")),
    select("Colour", "colour", CHOICES.map((name) => [name, DATA.identity[name]]), state.colour, change("colour")),
    field(most(state.x), "most-x", state.mostX, (text) => { state.mostX = limit(text); update(); }, { inputmode: "decimal" }),
    field(most(state.y), "most-y", state.mostY, (text) => { state.mostY = limit(text); update(); }, { inputmode: "decimal" }),
    check("logarithm across", "log-x", state.logX, change("logX")),
    check("logarithm up", "log-y", state.logY, change("logY")),
    check("far ones at the edge", "near", state.near, change("near")),
  );
  const current = (view) => view.title === state.view;
  byId("views").replaceChildren(...VIEWS.filter(available).map((view) => make("button", {
    type: "button", "aria-pressed": String(current(view)),
    on: { click: () => { apply(view); state.view = view.title; buildFilters(update); update(); focusView(view.title); } },
  }, view.title)));
}

function focusView(title) {
  [...byId("views").children].find((button) => button.textContent === title)?.focus();
}

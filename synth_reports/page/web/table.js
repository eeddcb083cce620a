// The table: all columns that say something, sorted by any of them, a hundred rows at a time.

const PAGE = 100;
const NUMBERS = ["lanes", "questions"];
const order = { name: "", up: true, page: 0 };

function columnsOf(rows) {
  const words = Object.keys(DATA.identity).filter((name) => rows.some((row) => has(row, name)));
  const measures = MEASURES.map((measure) => measure.name).filter((name) => rows.some((row) => has(row, name)));
  return [...words.filter((name) => name !== "source"), ...measures, ...(rows.some((row) => has(row, "questions")) ? ["questions"] : []), ...words.filter((name) => name === "source")];
}

function isNumber(name) {
  return name in MEASURE || NUMBERS.includes(name);
}

function heading(name) {
  return MEASURE[name]?.title ?? DATA.identity[name] ?? name;
}

// Rows in the order of a column; what has no number comes last in both directions.
function ordered(rows) {
  const { name, up } = order;
  if (!name) return rows;
  const sign = up ? 1 : -1;
  return [...rows].sort((one, other) => {
    if (!has(one, name) || !has(other, name)) return has(other, name) - has(one, name) || one.index - other.index;
    const way = isNumber(name) ? one[name] - other[name] : String(one[name]).localeCompare(String(other[name]), "en", { numeric: true });
    return sign * way || one.index - other.index;
  });
}

function drawTable(rows) {
  const columns = columnsOf(rows), all = ordered(rows);
  const pages = Math.max(1, Math.ceil(all.length / PAGE));
  order.page = Math.min(order.page, pages - 1);
  const head = make("tr", {}, ...columns.map((name) => {
    const mine = order.name === name;
    const arrow = mine ? (order.up ? " ↑" : " ↓") : "";
    const button = make("button", { type: "button", "data-column": name }, heading(name), make("span", { "aria-hidden": "true" }, arrow));
    button.addEventListener("click", () => {
      Object.assign(order, { name, up: mine ? !order.up : true, page: 0 });
      drawTable(rows);
      byId("table").querySelector(`[data-column="${name}"]`).focus();
    });
    return make("th", { scope: "col", class: isNumber(name) ? "number" : null, "aria-sort": mine ? (order.up ? "ascending" : "descending") : null }, button);
  }));
  const body = all.slice(order.page * PAGE, (order.page + 1) * PAGE).map((row) => make("tr", {}, ...columns.map((name) => {
    if (name !== "unit") return make("td", { class: isNumber(name) ? "number" : name === "design" || name === "goal" ? "wide" : null }, shown(row, name));
    const button = make("button", { type: "button", class: "plain" }, row.unit);
    button.addEventListener("click", () => openPanel(row, button));
    return make("td", {}, button);
  })));
  byId("table").replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
  const turn = (text, by) => {
    const button = make("button", { type: "button", id: by < 0 ? "back" : "on", disabled: !(order.page + by >= 0 && order.page + by < pages) }, text);
    button.addEventListener("click", () => {
      order.page += by;
      drawTable(rows);
      const again = byId(by < 0 ? "back" : "on");
      (again.disabled ? byId(by < 0 ? "on" : "back") : again).focus();
    });
    return button;
  };
  const save = make("button", { type: "button", id: "save" }, "Save these rows as CSV");
  save.addEventListener("click", () => saveCsv(all));
  byId("pager").replaceChildren(turn("Back", -1), turn("On", 1),
    make("span", { role: "status" }, `Page ${order.page + 1} of ${pages}, ${number(all.length)} rows`), save);
}

function csvOf(rows) {
  const names = Object.keys(DATA.columns);
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [names.join(","), ...rows.map((row) => names.map((name) => cell(row[name])).join(","))].join("\n") + "\n";
}

function saveCsv(rows) {
  const place = URL.createObjectURL(new Blob([csvOf(rows)], { type: "text/csv" }));
  make("a", { href: place, download: "fp8mac.csv" }).click();
  URL.revokeObjectURL(place);
}

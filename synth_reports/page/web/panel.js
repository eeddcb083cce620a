// The panel of a point: its numbers, the unit's data sheet, proof, and commands or Verilog.

function openPanel(row, opener) {
  const panel = byId("panel"), sheet = DATA.sheets[row.unit];
  hideTip();
  const close = make("button", { type: "button", class: "close", on: { click: () => panel.close() } }, "Close");
  const facts = make("dl", {});
  for (const name of Object.keys(DATA.identity)) if (name !== "unit" && has(row, name)) facts.append(make("dt", {}, DATA.identity[name]), make("dd", {}, shown(row, name)));
  const numbers = make("dl", {});
  for (const measure of MEASURES) if (has(row, measure.name)) numbers.append(make("dt", {}, measure.title), make("dd", {}, shown(row, measure.name)));
  if (has(row, "questions")) numbers.append(make("dt", {}, `questions (${row.metric})`), make("dd", {}, number(row.questions)));
  panel.replaceChildren(close, make("h2", { id: "panel-title" }, titleOf(row)), facts, make("h3", {}, "Measured"), numbers,
    ...(sheet && row.design === "fp8mac" ? sheetParts(sheet, DATA.verilog[row.verilog]) : []));
  panel.onclose = () => { panel.onclose = null; if (opener.isConnected) opener.focus(); };
  panel.onclick = (event) => { if (event.target === panel) panel.close(); };
  panel.showModal();
  panel.scrollTop = 0;
}

function sheetParts(sheet, verilog) {
  const parts = [...sheetFacts(sheet), make("h3", {}, "Proof"), make("p", {}, sheet.proof), make("h3", {}, verilog ? "Verilog" : "Commands")];
  if (byId("line")) parts.push(make("button", { type: "button", on: { click: () => { byId("panel").close(); buildHere(sheet.unit); } } }, "Verilog, cost and proof here"));
  for (const command of sheet.commands) parts.push(code(command));
  if (verilog) parts.push(code(verilog));
  return parts;
}

// What a unit is: facts, ports, special cases.
function sheetFacts(sheet) {
  const facts = make("dl", {});
  for (const [title, text] of sheet.facts) facts.append(make("dt", {}, title), make("dd", {}, text));
  const body = sheet.ports.map(([name, direction, bits, meaning]) => make("tr", {}, ...[name, direction, String(bits), meaning].map((text, index) => make("td", { class: index === 2 ? "number" : index === 3 ? "wide" : null }, text))));
  const head = make("tr", {}, ...["port", "direction", "bits", "meaning"].map((text, index) => make("th", { scope: "col", class: index === 2 ? "number" : null }, text)));
  const ports = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Ports" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  const cases = sheet.cases.length ? [make("h3", {}, "Special cases"), make("ul", {}, ...sheet.cases.map((text) => make("li", {}, text)))] : [];
  return [make("h3", {}, "Data sheet"), facts, ports, ...cases];
}

// Text as it is, with a button that copies it.
function code(text) {
  const copy = make("button", { type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Select and copy it";
    }
  });
  return make("div", {}, make("pre", { tabindex: "0" }, text), copy);
}

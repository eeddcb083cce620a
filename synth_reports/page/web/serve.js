// The form of the served page: one question after the other, each shown when it is answered.

const WANTED = [["sheet", "Data sheet"], ["verilog", "Verilog"], ["cost", "Cost"], ["proof", "Proof"]];

async function ask(want, unit, goal) {
  const reply = await fetch("/answer", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ want, unit, goal }) });
  const found = await reply.json();
  if (!reply.ok) throw new Error(found.error);
  return found;
}

function answerParts(want, title, found) {
  if (want === "sheet") return sheetFacts(found.sheet);
  const parts = [make("h3", {}, title)];
  if (want === "proof") {
    const [first, ...rest] = found.text.split("\n\n");
    parts.push(make("p", { class: found.good ? "good" : "bad" }, first), code(rest.join("\n\n")));
  } else {
    parts.push(code(found.text));
  }
  return parts;
}

async function build(event) {
  event.preventDefault();
  const unit = byId("line-unit").value.trim(), goal = byId("line-goal").value, button = byId("line-ask");
  const box = make("div", { class: "answer" }, make("h3", {}, unit));
  byId("line-answer").replaceChildren();
  button.disabled = true;
  const begin = performance.now();
  let doing = "";
  const tell = () => { byId("line-status").textContent = `${doing} … ${Math.round((performance.now() - begin) / 1000)} s`; };
  const clock = setInterval(tell, 1000);
  try {
    for (const [want, title] of WANTED) {
      doing = title;
      tell();
      const found = await ask(want, unit, goal);
      if (!box.isConnected) byId("line-answer").replaceChildren(box);
      box.append(...answerParts(want, title, found));
    }
    byId("line-status").textContent = `Done in ${Math.round((performance.now() - begin) / 1000)} s.`;
  } catch (error) {
    byId("line-status").textContent = `${doing}: not answered.`;
    byId("line-answer").append(make("p", { class: "bad", role: "alert" }, error.message));
  } finally {
    clearInterval(clock);
    button.disabled = false;
  }
}

function buildHere(unit) {
  byId("line-unit").value = unit;
  byId("line-unit").scrollIntoView();
  byId("line").requestSubmit();
}

byId("line").addEventListener("submit", build);

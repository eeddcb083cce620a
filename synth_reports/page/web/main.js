// The page as a whole: what changes when something is chosen.

function update() {
  const rows = ROWS.filter(isChosen);
  order.page = 0;
  byId("count").textContent = `${number(rows.length)} of ${number(COUNT)} rows.`;
  drawChart(rows);
  drawRanking(rows);
  drawTable(rows);
}

function start() {
  const theme = byId("theme");
  theme.addEventListener("change", () => {
    if (theme.value) document.documentElement.dataset.theme = theme.value;
    else delete document.documentElement.dataset.theme;
  });
  for (const id of ["filters", "axes", "weights"]) byId(id).addEventListener("submit", (event) => event.preventDefault());
  const view = VIEWS.find(available);
  if (view) {
    apply(view);
    state.view = view.title;
  } else {
    [state.x, state.y] = [MEASURES[0].name, (MEASURES[1] ?? MEASURES[0]).name];
  }
  buildFilters(update);
  let wide = 0;
  new ResizeObserver(() => {
    if (byId("chart").clientWidth === wide) return;
    wide = byId("chart").clientWidth;
    drawChart(ROWS.filter(isChosen));
  }).observe(byId("chart"));
  buildWeights(() => drawRanking(ROWS.filter(isChosen)));
  update();
}

start();

// The load chart and the print button. Figures come from the page; the table below says the same.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(box) {
  const data = JSON.parse(document.getElementById("load-data").textContent);
  const axis = { stroke: css("--ink-2"), grid: { stroke: css("--line") }, ticks: { stroke: css("--line") } };
  const zone = document.querySelector("[data-clock]").dataset.zone;
  const chart = new window.uPlot({
    width: box.clientWidth, height: 240, tzDate: (s) => window.uPlot.tzDate(new Date(s * 1000), zone),
    scales: { y: { range: (_chart, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [{ ...axis, values: (_chart, at) => at.map((s) => moment(s, zone)) }, axis],
    series: [
      { label: "WITA", value: (_chart, s) => (s === null ? "—" : moment(s, zone)) },
      { label: box.dataset.per, stroke: css("--brand"), width: 2, points: { show: false },
        paths: window.uPlot.paths.stepped({ align: 1 }) },
      { label: box.dataset.budget, stroke: css("--down"), dash: [6, 4], width: 1, points: { show: false } },
    ],
  }, data, box);
  new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: 240 })).observe(box);
}

function moment(seconds, zone) {
  return new Intl.DateTimeFormat("id-ID", { timeZone: zone, day: "numeric", month: "short", hour: "2-digit" })
    .format(new Date(seconds * 1000));
}

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
for (const box of document.querySelectorAll("[data-load]")) draw(box);

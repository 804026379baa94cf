// What each rupiah buys: gain over cost, one line a plan. The table beside it says the same in numbers.
const css = getComputedStyle(document.documentElement), colour = (name) => css.getPropertyValue(`--${name}`).trim();
const box = document.getElementById("kurva"), COLOURS = ["brand", "maintenance", "degraded-fill"], DASHES = [[], [6, 4], [2, 3]];
const one = document.getElementById("kurva-data"), several = document.getElementById("kurva-banding");
const plans = several ? JSON.parse(several.textContent) : [{ name: box.dataset.y, curve: JSON.parse(one.textContent) }];

function draw() {
  const costs = [...new Set([0, ...plans.flatMap((plan) => plan.curve.map(([cost]) => cost / 1e6))])].sort((a, b) => a - b);
  const lines = plans.map((plan) => { const at = new Map([[0, 0], ...plan.curve.map(([cost, value]) => [cost / 1e6, value])]); return costs.map((cost) => at.get(cost) ?? null); });
  const axis = { stroke: colour("ink-2"), grid: { stroke: colour("line-2") }, ticks: { stroke: colour("line") }, font: "12px Plus Jakarta Sans Variable" };
  return new window.uPlot({
    width: box.clientWidth, height: 260, scales: { x: { time: false } }, legend: { show: plans.length > 1 },
    axes: [{ ...axis, label: box.dataset.x }, { ...axis, label: box.dataset.y, size: 64 }],
    series: [{ label: box.dataset.x }, ...plans.map((plan, n) => ({ label: plan.name, stroke: colour(COLOURS[n]), dash: DASHES[n], width: 2, spanGaps: true, points: { show: true, size: 5 } }))],
  }, [costs, ...lines], box);
}
if (box && window.uPlot) {
  const chart = draw();
  new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: 260 })).observe(box);
}

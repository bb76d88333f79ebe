// Charts (uPlot), in the colours of the page, redrawn when those or the room change. Each has its figures beside it as text.
"use strict";

function chart(label, make) {
  const host = el("div", { class: "chart", role: "img", "aria-label": label });
  let plot = null;
  const draw = () => {
    const width = host.clientWidth;
    if (!width) return;
    if (plot) plot.destroy();
    const { options, data } = make();
    plot = new uPlot({ width, height: 260, ...options }, data, host);
  };
  new ResizeObserver(() => (!plot || Math.abs(plot.width - host.clientWidth) > 1) && draw()).observe(host);
  window.addEventListener("themechange", draw);
  return host;
}

const axis = (more) => ({ stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font: "12px system-ui, sans-serif", ...more });

/** Which distances an ULP histogram's bar k stands for. */
const raised = (k) => `2${[...String(k)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
const ulpRange = (k) => (k === 0 ? "1" : k < 7 ? `${2 ** k}–${2 ** (k + 1) - 1}` : `from ${raised(k)}`);
const WHOLE = [1, 2, 5].flatMap((n) => Array.from({ length: 9 }, (_, k) => n * 10 ** k)).sort((a, b) => a - b);

/** How many elements moved by how many units in the last place. */
function ulpChart({ histogram, zeros, nonfinite }) {
  const first = Math.max(0, histogram.findIndex(Boolean));
  const bars = histogram.map((n, k) => [ulpRange(k), n]).slice(first);
  if (zeros) bars.push(["sign of 0", zeros]);
  if (nonfinite) bars.push(["NaN or inf", nonfinite]);
  const words = bars.filter(([, n]) => n).map(([name, n]) => `${name}: ${count(n)}`).join(", ");
  return el(
    "div",
    {},
    chart(`elements by distance in ULP: ${words}`, () => ({
      options: {
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: [-0.6, bars.length - 0.4] }, y: { range: (_, __, most) => [0, most * 1.1 || 1] } },
        axes: [axis({ splits: () => bars.map((_, i) => i), values: () => bars.map(([name]) => name), grid: { show: false }, rotate: bars.length > 6 ? -40 : 0, size: bars.length > 6 ? 70 : 40 }), axis({ size: 64, incrs: WHOLE, values: (_, splits) => splits.map(count) })],
        series: [{}, { fill: colour("accent"), stroke: colour("accent"), paths: uPlot.paths.bars({ size: [0.7, 60] }), points: { show: false } }],
      },
      data: [bars.map((_, i) => i), bars.map(([, n]) => n)],
    })),
    el("p", { class: "note", text: `Elements by their distance in ULP: ${words}` }),
  );
}

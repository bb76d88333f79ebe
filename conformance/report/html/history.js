// The page of a history: how counts and divergences moved over a series of records.
"use strict";

const STANDINGS = [["unexpected", "unexpected", "unexpected"], ["known", "known", "known"], ["unsupported", "unsupported", "unsupported"], ["passed", "passed", "pass"]];

function story(data) {
  tabs({ history: "History" });
  const host = el("div", { class: "view" });
  byId("main").append(host);
  const picker = el("select", { "aria-label": "Target", onchange: (event) => go("history", { target: event.target.value }) }, el("option", { value: "", text: "All targets" }), data.targets.map((name) => el("option", { value: name, text: name })));
  const shown = el("div", {});
  const show = () => {
    const { target } = readHash().params;
    markTab("history");
    picker.value = data.targets.includes(target) ? target : "";
    shown.replaceChildren(...charts(data, picker.value));
  };
  host.append(
    section("Counts over the records", el("p", { class: "actions" }, picker), shown),
    section("Divergences that moved", trends(data, (trend) => trend.events.length, "Nothing moved.")),
    section("Records", table(["", "started", "record", "cases", "exit", "what moved"], data.records.map((record, i) => [`#${i + 1}`, when(record), el("code", { text: record.path }), count(record.cases), String(record.exit), moves(record)]))),
    section("Counts by target", el("p", { class: "note", text: "passed, !unexpected, ~known, –unsupported; empty: not run" }), table(["target", ...data.records.map((_, i) => `#${i + 1}`)], data.targets.map((name) => [name, ...data.records.map(({ cells }) => cellWords(cells[name]))]))),
    section("Divergences that did not move", trends(data, (trend) => !trend.events.length, "None.")),
  );
  window.addEventListener("hashchange", show);
  startKeys({ t: ["pick a target", () => picker.focus()] });
  show();
}

const when = ({ started }) => started.slice(0, 16).replace("T", " ");

function moves({ moved }) {
  if (!moved.length) return "";
  return el("details", {}, el("summary", { text: plural(moved.length, "target") }), el("ul", {}, moved.map(([name, words]) => el("li", { text: `${name}: ${words}` }))));
}

function cellWords(cell) {
  if (!cell) return "";
  const part = (name, mark, tone) => (cell[name] ? el("span", { class: tone, text: `${mark}${count(cell[name])} ` }) : "");
  return el("span", { class: "counts" }, part("passed", "", ""), part("unexpected", "!", "unexpected"), part("known", "~", "known"), part("unsupported", "–", "muted"));
}

/** A small chart a standing: passes are thousands where divergences are few, so they share no scale. */
function charts({ records, targets }, only) {
  const of = (record, name) => targets.filter((target) => !only || target === only).reduce((sum, target) => (record.cells[target] ? (sum ?? 0) + record.cells[target][name] : sum), null);
  const numbers = records.map((_, i) => i + 1);
  const panels = STANDINGS.map(([name, words, tone]) => {
    const values = records.map((record) => of(record, name));
    return el(
      "figure",
      { class: "panel" },
      el("figcaption", {}, el("strong", { class: tone, text: words }), el("span", { class: "muted", text: ` ${values.map((value) => (value === null ? "not run" : count(value))).join(", ")}` })),
      chart(`${words} over the records: ${values.join(", ")}`, () => ({
        options: {
          height: 180,
          legend: { show: false },
          cursor: { show: false },
          scales: { x: { time: false, range: [0.7, records.length + 0.3] }, y: { range: (_, low, high) => (low === high ? [Math.max(0, low - 1), high + 1] : [Math.max(0, low - 0.1 * (high - low)), high + 0.1 * (high - low)]) } },
          axes: [axis({ splits: () => numbers, values: () => numbers.map((n) => `#${n}`), grid: { show: false } }), axis({ size: 64, incrs: WHOLE, values: (_, splits) => splits.map(count) })],
          series: [{}, { stroke: colour(tone), width: 2, points: { show: true, size: 7, fill: colour(tone) }, spanGaps: false }],
        },
        data: [numbers, values],
      })),
    );
  });
  return [el("div", { class: "small-charts" }, panels)];
}

function trends({ trends: all, records }, which, none) {
  const found = all.filter(which);
  if (!found.length) return el("p", { class: "note", text: none });
  return table(
    ["", "divergence", ...records.map((_, i) => `#${i + 1}`), "when", "targets"],
    found.map(({ name, known, targets, counts, events }) => [el("span", { class: `chip ${known ? "known" : "unexpected"}`, text: known ? "~ known" : "! unexpected" }), name, ...counts.map((n) => (n === null ? "·" : count(n))), events.map(([number, word]) => `${word} in #${number + 1}`).join(", "), targets.join(", ")]),
    { class: "trends" },
  );
}

start(story);

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
    section("Divergences of each target by date", el("p", { class: "note" }, "Unexpected and known ones on one scale: ", el("span", { class: "unexpected", text: "unexpected" }), ", ", el("span", { class: "known", text: "known" }), "."), multiples(data)),
    section("Divergences that moved", trends(data, (trend) => trend.events.length, "Nothing moved.")),
    section("Records", table(["", "started", "commit", "host", "record", "cases", "exit", "what moved"], data.records.map((record, i) => [`#${i + 1}`, when(record), record.commit, record.host, el("code", { text: record.path }), count(record.cases), String(record.exit), moves(record)]))),
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

/** Where each record stands in time, in seconds; and the range that shows them all, a day where they share one moment. */
function dates(records) {
  const times = records.map(({ started }) => Date.parse(started) / 1000);
  const [low, high] = [Math.min(...times), Math.max(...times)];
  const room = high > low ? 0.04 * (high - low) : 43200;
  return { times, x: { time: true, range: [low - room, high + room] } };
}

/** An axis of dates as they are written everywhere else: the day, or the hour where the records are of a day or two. */
function dateAxis(more) {
  const words = (splits) => splits.map((seconds) => new Date(seconds * 1000).toISOString()).map((text) => (splits.length > 1 && splits[1] - splits[0] < 86400 ? text.slice(5, 16).replace("T", " ") : text.slice(0, 10)));
  return axis({ grid: { show: false }, size: 30, space: 100, values: (_, splits) => words(splits), ...more });
}

const inUtc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");

/** A small chart a target, all of them on one scale, so that they can be compared. */
function multiples({ records, targets }) {
  const { times, x } = dates(records);
  const of = (name, standing) => records.map(({ cells }) => (cells[name] ? cells[name][standing] : null));
  const most = Math.max(1, ...targets.flatMap((name) => [...of(name, "unexpected"), ...of(name, "known")]).map((n) => n || 0));
  const panel = (name) => {
    const [unexpected, known] = [of(name, "unexpected"), of(name, "known")];
    const words = (values) => values.map((n) => (n === null ? "not run" : count(n))).join(", ");
    const line = (tone) => ({ stroke: colour(tone), width: 2, points: { show: true, size: 5, fill: colour(tone) }, spanGaps: false });
    return el("figure", { class: "panel" }, el("figcaption", {}, el("strong", { text: name })), chart(`${name}: unexpected ${words(unexpected)}; known ${words(known)}`, () => ({
      options: {
        height: 110, legend: { show: false }, cursor: { show: false }, tzDate: inUtc,
        scales: { x, y: { range: [0, most * 1.1] } },
        axes: [dateAxis(), axis({ size: 48, splits: () => [0, most], values: (_, splits) => splits.map(count) })],
        series: [{}, line("known"), line("unexpected")],
      },
      data: [times, known, unexpected],
    })));
  };
  return el("div", { class: "multiples" }, targets.map(panel));
}

/** A small chart a standing: passes are thousands where divergences are few, so they share no scale. */
function charts({ records, targets }, only) {
  const of = (record, name) => targets.filter((target) => !only || target === only).reduce((sum, target) => (record.cells[target] ? (sum ?? 0) + record.cells[target][name] : sum), null);
  const { times, x } = dates(records);
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
          tzDate: inUtc,
          scales: { x, y: { range: (_, low, high) => (low === high ? [Math.max(0, low - 1), high + 1] : [Math.max(0, low - 0.1 * (high - low)), high + 0.1 * (high - low)]) } },
          axes: [dateAxis(), axis({ size: 64, incrs: WHOLE, values: (_, splits) => splits.map(count) })],
          series: [{}, { stroke: colour(tone), width: 2, points: { show: true, size: 7, fill: colour(tone) }, spanGaps: false }],
        },
        data: [times, values],
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

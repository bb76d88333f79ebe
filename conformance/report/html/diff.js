// The page of a diff: what changed between two records, grouped by cause, worst first; and every change.
"use strict";

const FINE = new Set(["fail-to-pass", "newly-supported", "added"]);
const BAD = new Set(["pass-to-fail", "no-longer-supported", "fails-differently"]);
const toneOf = (kind) => (BAD.has(kind) ? "unexpected" : FINE.has(kind) ? "pass" : "known");

class Changes {
  constructor(data) {
    const { changes, strings } = data;
    this.data = data;
    this.size = changes.case.length;
    this.titles = Object.fromEntries(data.kinds.map(({ name, title }) => [name, title]));
    const parsed = new Map();
    const json = (index) => {
      if (index === null) return null;
      if (!parsed.has(index)) parsed.set(index, JSON.parse(strings[index]));
      return parsed.get(index);
    };
    this.rows = changes.case.map((id, i) => ({
      kinds: json(changes.kinds[i]),
      case: strings[id],
      op: strings[changes.op[i]],
      file: strings[changes.file[i]],
      line: changes.line[i],
      targets: strings[changes.targets[i]],
      group: changes.group[i],
      before: json(changes.before[i]),
      after: json(changes.after[i]),
      ulps: json(changes.ulps[i]),
      note: strings[changes.note[i]],
      figures: changes.figures[i],
    }));
  }

  what(row) {
    const { kinds, before, after, ulps, note } = this.rows[row];
    if (ulps) return ulpWords(ulps);
    if (!before || !after) return note || (before || after).message;
    if (before.status !== after.status) return `${before.status} before, ${after.status} now${after.message ? `: ${after.message}` : ""}`;
    if (kinds[0] === "shape") return `${before.answer} before, ${after.answer} now`;
    return note || after.explanation || after.message;
  }

  filter({ kind, op, target, group, q }) {
    const tests = [];
    if (kind) tests.push(({ kinds }) => kinds.includes(kind));
    if (op) tests.push((row) => row.op === op);
    if (target) tests.push((row) => row.targets === target);
    if (group) tests.push((row) => String(row.group) === group);
    const text = (side) => (side ? `${side.message} ${side.explanation} ${side.plan} ${side.known}` : "");
    for (const word of terms(q)) tests.push((row) => `${row.case} ${row.targets} ${row.note} ${text(row.before)} ${text(row.after)}`.toLowerCase().includes(word));
    const found = [];
    this.rows.forEach((row, i) => tests.every((test) => test(row)) && found.push(i));
    return Uint32Array.from(found);
  }

  sorted(rows, [key, descending]) {
    const order = this.data.kinds.map(({ name }) => name);
    const value = { kind: (row) => order.indexOf(row.kinds[0]), target: (row) => row.targets, case: (row) => row.case, what: (_, i) => this.what(i), ulps: (row) => (row.ulps ? real(row.ulps.largest) : -1) }[key];
    const keys = new Map(Array.from(rows, (i) => [i, value(this.rows[i], i)]));
    const compare = (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0);
    return Uint32Array.from(rows).sort((a, b) => (descending ? -1 : 1) * compare(a, b) || a - b);
  }
}

const ulpWords = ({ elements, changed, median, largest, tensor }) => `${tensor === "y" ? "" : `${tensor}: `}${percent(changed, elements)} of ${plural(elements, "element")} moved, median ${figure(median)} ULP, largest ${figure(largest)} ULP`;
const kindChip = (model, kind) => el("span", { class: `chip ${toneOf(kind)}`, text: model.titles[kind] });

function diff(data) {
  const model = new Changes(data);
  tabs({ overview: "Overview", changes: "Changes" });
  const views = { overview: el("div", { class: "view overview" }), changes: el("div", { class: "view verdicts" }) };
  byId("main").append(views.overview, views.changes);
  const texts = (name) => [...new Set(model.rows.map((row) => row[name]))].sort();
  const text = (cell, words) => (cell.textContent = cell.title = words);
  const browse = new Browse(views.changes, {
    model,
    view: "changes",
    noun: "change",
    classes: "changes",
    placeholder: "Search cases, messages, plans",
    selects: {
      kind: ["Any kind", ...data.kinds.filter(({ count: n }) => n).map(({ name, title }) => option(name, title))],
      op: ["Any op", ...texts("op").map((op) => option(op))],
      target: ["Any target", ...texts("targets").map((name) => option(name))],
      group: ["Any cause", ...data.groups.map((group, i) => option(String(i), `${model.titles[group.kind]}: ${group.cause}`.slice(0, 90)))],
    },
    sorts: [["", "Worst first"], ["case", "By case"], ["target", "By target"], ["-ulps", "Most ULP first"]],
    figures: ["ulps"],
    columns: [
      { key: "kind", title: "Kind", fill: (cell, row) => cell.replaceChildren(kindChip(model, model.rows[row].kinds[0])) },
      { key: "target", title: "Target", fill: (cell, row) => text(cell, model.rows[row].targets) },
      { key: "case", title: "Case", fill: (cell, row) => fillCase(cell, model.rows[row].case) },
      { key: "what", title: "What", fill: (cell, row) => text(cell, model.what(row)) },
      { key: "ulps", title: "ULP", numeric: true, fill: (cell, row) => text(cell, model.rows[row].ulps ? figure(model.rows[row].ulps.largest) : "") },
    ],
  });
  const sheet = changeSheet(model);
  let pushed = false;
  sheet.addEventListener("close", () => {
    const { view, params } = readHash();
    if (!params.case) return;
    if (pushed) history.back();
    else go(view, { ...params, case: "", on: "" }, true);
    pushed = false;
  });
  browse.onOpen = (row) => {
    pushed = true;
    go("changes", { ...readHash().params, case: model.rows[row].case, on: model.rows[row].targets });
  };
  let drawn = false;
  const show = () => {
    const { view, params } = readHash();
    const name = view in views ? view : "overview";
    markTab(name);
    document.body.dataset.view = name === "changes" ? "verdicts" : name;
    for (const [key, host] of Object.entries(views)) host.hidden = key !== name;
    if (name === "overview" && !drawn) {
      diffOverview(model, views.overview);
      drawn = true;
    }
    if (name === "changes") browse.show(params);
    if (params.case) sheet.fill(params.case, params.on);
    else if (sheet.open) sheet.close();
    if (!params.case) pushed = false;
  };
  window.addEventListener("hashchange", show);
  startKeys({
    "/": ["search", () => (sheet.open && sheet.close(), readHash().view === "changes" || go("changes", {}), setTimeout(() => browse.search.focus()))],
    o: ["overview", () => go("overview", {})],
    v: ["changes", () => go("changes", {})],
  });
  show();
}

function diffOverview(model, host) {
  const { data } = model;
  const found = data.kinds.filter(({ count: n }) => n);
  const record = ({ path, started, verdicts, environment }, name) => [name, el("code", { text: path }), started.slice(0, 16).replace("T", " "), count(verdicts), environment.platform || ""];
  const pooled = data.groups.filter(({ ulps }) => ulps).map(({ ulps }) => ulps);
  const sum = (name) => pooled.reduce((a, ulps) => a + ulps[name], 0);
  const length = Math.max(0, ...pooled.map(({ histogram }) => histogram.length));
  const histogram = Array.from({ length }, (_, k) => pooled.reduce((a, ulps) => a + (ulps.histogram[k] || 0), 0));
  host.append(
    el("div", { class: "tiles" }, found.map(({ name, title, count: n }) => el("a", { class: `tile ${toneOf(name)}`, href: hashOf("changes", { kind: name }) }, el("strong", { text: count(n) }), el("span", { text: title })))),
    found.length ? "" : el("p", { text: "Nothing changed." }),
    data.notes.length ? el("ul", { class: "note" }, data.notes.map((text) => el("li", { text }))) : "",
    data.groups.length ? section("By cause, worst first", table(["kind", "op", "changes", "cause", "targets"], data.groups.map((group, i) => groupRow(model, group, i)), { class: "groups" })) : "",
    pooled.length ? section("How far the bits moved", el("p", { class: "note", text: `${count(sum("changed"))} of ${plural(sum("elements"), "element")} of the answers that changed.` }), ulpChart({ histogram, zeros: sum("zeros"), nonfinite: sum("nonfinite") })) : "",
    data.speeds.length ? section("Speed", el("p", { class: "note", text: "Only what is outside the noise of repeats." }), table(["op", "target", "cases", "before", "now", "ratio", "noise"], data.speeds.map((speed) => [speed.op, speed.targets[0] === speed.targets[1] ? speed.targets[0] : speed.targets.join(" → "), count(speed.cases), duration(speed.seconds[0]), duration(speed.seconds[1]), `×${figure(speed.ratio)}`, `×${figure(speed.noise)}`]))) : "",
    section("Targets", table(["target", "before", "now", "compared", "unchanged", "other bits", "changed"], data.pairs.map((pair) => [pair.label, pair.versions[0], pair.versions[1], ...[pair.compared, pair.unchanged, pair.other_bits, pair.changed].map(count)])), ...["before", "after"].filter((side) => data.only[side].length).map((side) => el("p", { class: "note", text: `Only in the ${side === "before" ? "first" : "second"} record, not compared: ${data.only[side].join(", ")}` }))),
    section("Records", table(["", "record", "started", "verdicts", "platform"], [record(data.before, "before"), record(data.after, "after")])),
    section("Versions and flags", table(["target", "version", "flags"], [...data.before.targets, ...data.after.targets].map((target) => [target.name, target.version, el("div", { class: "flags" }, Object.entries(target.flags).map(([name, value]) => el("code", { class: "flag", text: `${name}=${value}` })))]))),
  );
}

function groupRow(model, group, index) {
  const statuses = group.statuses.filter(Boolean);
  const errors = group.errors ? `largest error ${figure(group.errors[0].largest)} of the allowance before, ${figure(group.errors[1].largest)} now (median ${figure(group.errors[0].median)} and ${figure(group.errors[1].median)})` : "";
  return [
    kindChip(model, group.kind),
    group.op,
    el("a", { href: hashOf("changes", { group: String(index) }), "aria-label": `${count(group.count)} changes`, text: count(group.count) }),
    el("div", {}, el("span", { text: group.cause }), statuses.length > 1 && statuses[0] !== statuses[1] ? el("small", { class: "muted", text: ` ${statuses.join(" → ")}` }) : "", group.ulps ? el("p", { class: "note", text: ulpWords(group.ulps) }) : "", errors ? el("p", { class: "note", text: errors }) : ""),
    group.targets.join(", "),
  ];
}

/** One change: both sides in two columns. */
function changeSheet(model) {
  const title = el("h2", { id: "detail-title" });
  const body = el("div", { class: "detail-body", tabindex: "0", autofocus: true, "aria-label": "the change" });
  const share = el("button", { type: "button", class: "copy", text: "Copy link", "aria-keyshortcuts": "l", onclick: (event) => copy(location.href, event.currentTarget) });
  const sheet = el("dialog", { class: "sheet", id: "detail", "aria-labelledby": "detail-title" }, el("div", { class: "detail-head" }, title, el("div", { class: "tools" }, share, el("button", { type: "button", class: "close", "aria-label": "Close", text: "×", onclick: () => sheet.close() }))), body);
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  document.body.append(sheet);
  sheet.fill = (id, on) => {
    const row = model.rows.find((found) => found.case === id && (!on || found.targets === on));
    title.textContent = row ? labelOf(row.case) : "No such change";
    body.replaceChildren(...(row ? changeParts(model, row) : [el("p", { text: `This diff has no change of ${id}${on ? ` on ${on}` : ""}.` })]));
    body.scrollTop = 0;
    if (!sheet.open) sheet.showModal();
  };
  return sheet;
}

function changeParts(model, { kinds, file, line, targets, before, after, ulps, note, figures, case: id }) {
  const cell = (side, show) => (side ? show(side) : "");
  const row = (name, show) => [name, cell(before, show), cell(after, show)];
  const fraction = (at) => (figures[at] === null ? "" : figure(figures[at]));
  const differs = (show) => cell(before, show) !== cell(after, show);
  const plans = before && after && before.plan === after.plan ? [["plan", before.plan]] : [["plan before", cell(before, (side) => side.plan)], ["plan now", cell(after, (side) => side.plan)]];
  const rows = [
    row("status", (side) => side.status),
    row("found", (side) => side.message),
    row("explained", (side) => side.explanation),
    row("known", (side) => side.known),
    row("dtype and shape", (side) => side.answer),
    row("output bits", (side) => side.digest),
    ["error / allowance", fraction(0), fraction(2)],
    ["time", figures[1] ? duration(figures[1]) : "", figures[3] ? duration(figures[3]) : ""],
  ].filter(([, a, b]) => a || b);
  return [
    el("p", { class: "where", text: `${file}:${line} on ${targets}` }),
    el("p", { class: "kinds" }, kinds.map((kind) => [kindChip(model, kind), " "])),
    note ? el("p", { class: "about", text: note }) : "",
    el("p", { class: "note", text: id }),
    el("h3", { text: "Before and now" }),
    table(["", "before", "now"], rows.map(([name, a, b]) => [name, a, a === b ? el("span", { class: "muted", text: b }) : el("strong", { text: b })]), { class: "sides" }),
    ulps ? el("div", {}, el("h3", { text: "How far the bits moved" }), el("p", { text: ulpWords(ulps) }), ulpChart(ulps)) : "",
    ...plans.filter(([, text]) => text).map(([name, text]) => el("div", {}, el("h4", { text: name }), codeBlock(text, name))),
    differs((side) => side.plan) ? el("p", { class: "note", text: "The plans differ." }) : "",
  ];
}

start(diff);

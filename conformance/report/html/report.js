// The page of one record: overview, the cases of a file by target, verdicts, and a case on top of any of them.
"use strict";

const FILES_UNFOLDED = 15;
const GROUPS_OPEN = 12;

function report(data) {
  const model = new Model(data);
  tabs({ overview: "Overview", file: "Cases by target", verdicts: "Verdicts" });
  const views = { overview: el("div", { class: "view overview" }), file: el("div", { class: "view file" }), verdicts: el("div", { class: "view verdicts" }) };
  byId("main").append(views.overview, views.file, views.verdicts);
  const byTarget = new ByTarget(model, views.file);
  const verdicts = new Verdicts(model, views.verdicts);
  let overviewDrawn = false;
  let pushed = false;
  const detail = new Detail(model, {
    onStep: (by) => verdicts.step(by),
    onClose: () => {
      const { view, params } = readHash();
      if (!params.case) return;
      // Back to where the case was opened from, where that was on this page.
      if (pushed) history.back();
      else go(view, { ...params, case: "", on: "" }, true);
      pushed = false;
    },
  });
  const show = () => {
    const { view, params } = readHash();
    const name = view in views ? view : "overview";
    markTab(name);
    for (const [key, host] of Object.entries(views)) host.hidden = key !== name;
    document.body.dataset.view = name;
    if (name === "overview" && !overviewDrawn) {
      overview(model, views.overview);
      overviewDrawn = true;
    }
    if (name === "file") byTarget.show(params);
    if (name === "verdicts") verdicts.show(params);
    if (params.case) detail.show(params.case, params.on);
    else {
      pushed = false;
      detail.close();
    }
  };
  verdicts.onOpen = (row) => {
    pushed = true;
    const { view, params } = readHash();
    go(view || "verdicts", { ...params, case: model.cases.id[model.case[row]], on: data.targets[model.target[row]].name });
  };
  window.addEventListener("hashchange", show);
  startKeys({
    "/": ["search", () => (detail.close(), document.body.dataset.view === "verdicts" || go("verdicts", {}), setTimeout(() => verdicts.search.focus()))],
    o: ["overview", () => go("overview", {})],
    f: ["the cases of a file by target", () => go("file", {})],
    v: ["verdicts", () => go("verdicts", {})],
    j: ["in a case: the case after it", () => {}],
    k: ["in a case: the case before it", () => {}],
    c: ["in a case: copy the repro command", () => {}],
    l: ["in a case: copy a link to it", () => {}],
  });
  show();
}

// --- overview ----------------------------------------------------------------------------------------------------------

function overview(model, host) {
  const { data } = model;
  const total = { pass: 0, known: 0, unexpected: 0, unsupported: 0 };
  for (let row = 0; row < model.size; row++) total[model.standing(row)]++;
  const tile = (name, words, params) =>
    el("a", { class: `tile ${name}${total[name] ? "" : " none"}`, href: hashOf("verdicts", params) }, el("strong", { text: count(total[name]) }), el("span", { text: words }), el("small", { text: percent(total[name], model.size) }));
  const divergent = data.statuses.filter((status) => status !== "pass" && status !== UNSUPPORTED).join(",");
  host.append(
    el(
      "div",
      { class: "tiles" },
      tile("unexpected", "unexpected", { known: "no" }),
      tile("known", "known divergences", { known: "yes", status: divergent }),
      tile("pass", "passed", { status: "pass" }),
      tile("unsupported", "unsupported", { status: UNSUPPORTED }),
    ),
    data.notes.length ? el("ul", { class: "note" }, data.notes.map((text) => el("li", { text }))) : nothing(),
    unexpected(data),
    problems(data),
    section("Case groups by target", matrixNote(), new Matrix(model).root),
    knowns(data),
    claimsOf(data),
    reasons(model),
    targetsOf(data),
    environment(data),
  );
}

const nothing = () => document.createDocumentFragment();

function unexpected(data) {
  const groups = data.unexpected;
  if (!groups.length) return nothing();
  const item = (group) =>
    el(
      "li",
      {},
      el("a", { href: hashOf("verdicts", { case: group.case, on: group.target }) }, el("span", { class: "chip unexpected", text: `! ${group.status}` }), el("span", { class: "label", text: labelOf(group.case) })),
      el("span", { class: "muted" }, ` on ${group.target}, `, place(data, group.file, group.line)),
      el("p", { text: group.message }),
      group.explanation ? el("p", { class: "explained", text: `explained: ${group.explanation}` }) : "",
      group.count > 1 ? el("p", {}, el("a", { href: hashOf("verdicts", { known: "no", file: group.file, target: group.target, status: group.status }), text: `${count(group.count)} like it` })) : "",
    );
  const list = (some) => el("ul", { class: "unexpected-list" }, some.map(item));
  const rest = groups.slice(GROUPS_OPEN);
  return section("Unexpected divergences", list(groups.slice(0, GROUPS_OPEN)), rest.length ? el("details", {}, el("summary", { text: `${plural(rest.length, "more group")} of divergences that say the same` }), list(rest)) : "");
}

function problems({ problems: found }) {
  if (!found.length) return nothing();
  return section("Other unexpected results", el("ul", { class: "unexpected-list" }, found.map(({ name, message, where }) => el("li", {}, el("strong", { text: name }), el("span", { class: "muted", text: where ? ` ${where}` : "" }), el("p", { text: message })))));
}

function knowns({ knowns: found }) {
  if (!found.length) return nothing();
  const rows = found.map((known) => [
    el("a", { href: hashOf("verdicts", { known: known.name }), text: known.name }),
    known.kind,
    el("span", { class: "num", text: count(known.count) }),
    el("span", {}, known.reason, " ", link(known.link, "link") || ""),
  ]);
  return section("Known divergences", table(["name", "kind", "verdicts", "why"], rows, { class: "known-table" }));
}

function claimsOf({ claims }) {
  if (!claims.length) return nothing();
  const rows = claims.map(({ document: name, hold, refuted, open }) => [name, count(hold), count(refuted), open.length ? el("ul", {}, open.map((says) => el("li", { text: says }))) : "none"]);
  return section("Claims", el("p", { class: "note", text: "Statements of documents, settled by running them." }), table(["document", "hold", "refuted", "open"], rows));
}

function reasons(model) {
  const found = new Map();
  for (let row = 0; row < model.size; row++) {
    if (model.status[row] !== model.unsupported) continue;
    const reason = model.string("message", row);
    const entry = found.get(reason) || { n: 0, targets: new Set() };
    entry.n++;
    entry.targets.add(model.data.targets[model.target[row]].name);
    found.set(reason, entry);
  }
  if (!found.size) return nothing();
  const rows = [...found]
    .sort((a, b) => b[1].n - a[1].n)
    .map(([reason, { n, targets }]) => [el("a", { href: hashOf("verdicts", { status: UNSUPPORTED, q: reason.includes('"') ? reason : `"${reason}"` }), text: reason }), count(n), [...targets].join(", ")]);
  return section("Unsupported", el("p", { class: "note", text: "Never counted as passed." }), table(["reason", "verdicts", "targets"], rows));
}

function targetsOf({ targets }) {
  const flags = (found) => Object.entries(found).map(([name, value]) => el("code", { class: "flag", text: `${name}=${spelled(value)}` }));
  const rows = targets.map((target) => [
    el("a", { href: hashOf("verdicts", { target: target.name }), text: target.name }),
    target.version || "never started",
    el("div", { class: "flags" }, flags(target.flags)),
    Object.entries(target.facts).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(" ") : value}`).join(", "),
  ]);
  return section("Targets", table(["target", "version", "flags", "worker"], rows));
}

function environment({ environment: found, record }) {
  const pairs = [["record", record], ...Object.entries(found)].filter(([name, value]) => value !== null && String(value) !== "" && name !== "forge");
  return section("Environment", el("dl", { class: "facts" }, pairs.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: name === "command" ? `conformance ${value.join(" ")}` : spelled(value) })))));
}

// --- matrix ------------------------------------------------------------------------------------------------------------

function matrixNote() {
  const word = (name, text) => el("span", { class: name, text });
  return el("p", { class: "note" }, "Share and number that passed, ", word("unexpected", "! unexpected"), ", ", word("known", "~ known"), ", ", word("unsupported", "– unsupported"), "; the share leaves out what is unsupported. The stronger the colour, the larger the share that diverged. A cell opens its verdicts, a file its cases.");
}

class Matrix {
  constructor(model) {
    this.model = model;
    this.cells = new Map();
    this.count();
    this.files = [...new Set(model.cases.file.map((index) => model.strings[index]))].sort();
    this.folders = [...new Set(this.files.map((file) => this.folder(file)))];
    this.targets = this.ordered();
    const kept = readHash().params.open;
    this.open = new Set(kept ? kept.split(",") : this.files.length > FILES_UNFOLDED ? [] : this.folders);
    this.table = el("table", { class: "matrix", "aria-label": "Case groups by target" });
    const fold = el("button", { type: "button", onclick: () => this.foldAll() });
    this.fold = fold;
    this.root = el("div", {}, el("p", { class: "actions" }, fold), el("div", { class: "scroll matrix-scroll" }, this.table));
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.draw();
  }

  folder(file) {
    return file.slice(0, file.lastIndexOf("/") + 1) || "./";
  }

  /** Verdicts by file, folder and all, for each target: counted by file first, which is what there are many of. */
  count() {
    const { model } = this;
    const byFile = new Map();
    for (let row = 0; row < model.size; row++) {
      const key = model.cases.file[model.case[row]] * 65536 + model.target[row];
      let cell = byFile.get(key);
      if (!cell) byFile.set(key, (cell = { pass: 0, known: 0, unexpected: 0, unsupported: 0 }));
      cell[model.standing(row)]++;
    }
    for (const [key, cell] of byFile) {
      const file = model.strings[Math.floor(key / 65536)];
      for (const group of [file, this.folder(file), ""]) this.add(`${group}\n${key % 65536}`, cell);
    }
  }

  add(key, more) {
    const cell = this.cells.get(key) || { pass: 0, known: 0, unexpected: 0, unsupported: 0 };
    for (const standing of Object.keys(cell)) cell[standing] += more[standing];
    this.cells.set(key, cell);
  }

  family(name) {
    return name.split(/[/:@+=]/)[0];
  }

  /** The targets in the order of the data, which is that of every view: a framework's stand side by side. */
  ordered() {
    return this.model.data.targets.map(({ name }, index) => ({ name, index, family: this.family(name) })).filter(({ index }) => this.cells.has(`\n${index}`));
  }

  foldAll() {
    this.open = this.open.size ? new Set() : new Set(this.folders);
    this.draw();
  }

  draw() {
    const families = [];
    for (const target of this.targets) {
      const last = families.at(-1);
      if (last && last.family === target.family) last.span++;
      else families.push({ family: target.family, span: 1 });
    }
    this.fold.textContent = this.open.size ? "Fold all" : "Unfold all";
    const head = el(
      "thead",
      {},
      el("tr", { class: "families" }, el("td", {}), families.map(({ family, span }) => el("th", { scope: "colgroup", colspan: span }, el("span", { text: family })))),
      el("tr", { class: "ways" }, el("th", { scope: "col", text: "case group" }), this.targets.map(({ name, family }, i) => el("th", { scope: "col", class: this.edge(i), title: name }, el("a", { href: hashOf("verdicts", { target: name }), "aria-label": name }, el("span", { text: name.slice(family.length) || "default" }))))),
    );
    const rows = [];
    for (const folder of this.folders) {
      const open = this.open.has(folder);
      const inside = this.files.filter((file) => this.folder(file) === folder);
      const button = el("button", { type: "button", class: "fold", "aria-expanded": String(open), onclick: () => (open ? this.open.delete(folder) : this.open.add(folder), this.draw(), this.table.querySelector(`[data-folder="${CSS.escape(folder)}"]`).focus()), "data-folder": folder }, el("span", { "aria-hidden": "true", class: "caret", text: open ? "▾" : "▸" }), ` ${folder} `, el("small", { text: plural(inside.length, "file") }));
      rows.push(this.row(folder, button, "folder"));
      if (open) rows.push(...inside.map((file) => this.row(file, el("a", { class: "to-file", href: hashOf("file", { file }), text: file.slice(folder === "./" ? 0 : folder.length) }), "file")));
    }
    rows.push(this.row("", "all", "total"));
    this.table.replaceChildren(head, el("tbody", {}, rows));
    const first = this.table.querySelector("tbody td a");
    if (first) first.tabIndex = 0;
  }

  edge(i) {
    return i && this.targets[i].family === this.targets[i - 1].family ? "" : "edge";
  }

  row(group, label, kind) {
    return el("tr", { class: kind }, el("th", { scope: "row", title: group }, label), this.targets.map((target, i) => this.cell(group, target, i)));
  }

  cell(group, { name, index }, i) {
    const cell = this.cells.get(`${group}\n${index}`);
    if (!cell) return el("td", { class: `empty ${this.edge(i)}` });
    const asked = cell.pass + cell.known + cell.unexpected;
    const worst = cell.unexpected ? "unexpected" : cell.known ? "known" : asked ? "pass" : "unsupported";
    const part = (kind, mark) => (cell[kind] ? el("span", { class: kind, text: `${mark}${count(cell[kind])}` }) : "");
    const words = `${group || "all"} on ${name}: ${count(cell.pass)} passed, ${count(cell.unexpected)} unexpected, ${count(cell.known)} known, ${count(cell.unsupported)} unsupported`;
    const counts = [cell.pass ? el("span", { text: count(cell.pass) }) : "", part("unexpected", "!"), part("known", "~"), part("unsupported", "–")].filter(Boolean);
    return el(
      "td",
      { class: `${worst} ${strength(cell[worst], asked)} ${this.edge(i)}` },
      el("a", { href: hashOf("verdicts", { file: group, target: name }), tabindex: "-1", "aria-label": words, title: words }, el("b", { text: asked ? percent(cell.pass, asked) : "–" }), el("small", {}, counts.flatMap((node, at) => (at ? [" ", node] : [node])))),
    );
  }

  key(event) {
    const here = event.target.closest("tbody td a");
    if (!here) return;
    const rows = [...this.table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.querySelector("a")));
    const y = here.closest("tr").rowIndex - 2;
    const x = here.closest("td").cellIndex;
    const seek = (dy, dx) => {
      for (let r = y + dy, c = x + dx; rows[r] && c > 0 && c < rows[r].length; r += dy, c += dx) if (rows[r][c]) return rows[r][c];
      return null;
    };
    const ends = { Home: () => rows[y].find(Boolean), End: () => rows[y].findLast(Boolean) };
    const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    const to = ends[event.key] ? ends[event.key]() : steps[event.key] ? seek(...steps[event.key]) : null;
    if (event.key in steps || event.key in ends) event.preventDefault();
    if (!to) return;
    here.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }
}

/** How much of a colour a share gets, in four steps, of which the last is all. */
function strength(part, asked) {
  const share = asked ? part / asked : 0;
  return `s${share >= 1 ? 4 : share >= 0.5 ? 3 : share >= 0.05 ? 2 : 1}`;
}

// --- the cases of a file by target ---------------------------------------------------------------------------------------

const CASES_AT_ONCE = 150;

class ByTarget {
  constructor(model, host) {
    this.model = model;
    this.files = [...new Set(model.cases.file)].map((index) => model.strings[index]).sort();
    this.picker = el("select", { id: "file-picker", "aria-label": "Case file", onchange: (event) => go("file", { file: event.target.value }) }, this.files.map((file) => option(file)));
    this.host = el("div", {});
    this.root = host;
    host.append(
      el("p", { class: "actions" }, this.picker),
      el("p", { class: "note", text: "A row a case, those that diverge first. A cell opens the case: ✓ passed, ! unexpected, ~ known, – unsupported." }),
      this.host,
    );
  }

  show({ file }) {
    const shown = this.files.includes(file) ? file : this.worst();
    if (shown === this.shown || !this.files.length) return;
    this.shown = this.picker.value = shown;
    const { model } = this;
    const index = model.strings.indexOf(shown);
    const cases = [];
    model.cases.file.forEach((found, at) => found === index && cases.push(at));
    const rank = new Map(cases.map((at) => [at, Math.min(...model.rows(at).map((row) => ["unexpected", "known"].indexOf(model.standing(row))).map((n) => (n < 0 ? 2 : n)), 2)]));
    this.cases = cases.sort((a, b) => rank.get(a) - rank.get(b) || a - b);
    const there = new Set(cases.flatMap((at) => model.rows(at).map((row) => model.target[row])));
    this.targets = [...there].sort((a, b) => a - b);
    this.body = el("tbody", {});
    this.more = el("button", { type: "button", onclick: () => this.add() });
    const name = (target) => model.data.targets[target].name;
    const head = el("tr", { class: "ways" }, el("th", { scope: "col", text: "case" }), this.targets.map((target) => el("th", { scope: "col", title: name(target) }, el("a", { href: hashOf("verdicts", { file: shown, target: name(target) }), text: name(target) }))));
    const table = el("table", { class: "matrix cases", "aria-label": `Cases of ${shown} by target` }, el("thead", {}, head), this.body);
    this.host.replaceChildren(el("div", { class: "scroll matrix-scroll" }, table), el("p", { class: "actions" }, this.more));
    this.add();
  }

  /** Where there is most to see: the first file with something unexpected, else with something known, else the first. */
  worst() {
    const { model } = this;
    const rows = Array.from({ length: model.size }, (_, row) => row);
    const row = rows.find((found) => model.standing(found) === "unexpected") ?? rows.find((found) => model.standing(found) === "known");
    return row === undefined ? this.files[0] : model.file(row);
  }

  add() {
    const from = this.body.rows.length;
    this.body.append(...this.cases.slice(from, from + CASES_AT_ONCE).map((at) => this.row(at)));
    const left = this.cases.length - this.body.rows.length;
    this.more.hidden = !left;
    this.more.textContent = `Show ${count(Math.min(left, CASES_AT_ONCE))} more of ${count(left)}`;
  }

  row(at) {
    const { model } = this;
    const id = model.cases.id[at];
    const of = new Map(model.rows(at).map((row) => [model.target[row], row]));
    const open = (on) => hashOf("file", { file: this.shown, case: id, on });
    return el("tr", {}, el("th", { scope: "row", title: id }, el("a", { href: open(""), text: labelOf(id) })), this.targets.map((target) => {
      const row = of.get(target);
      if (row === undefined) return el("td", { class: "empty" });
      const standing = model.standing(row);
      const status = model.data.statuses[model.status[row]];
      const name = model.data.targets[target].name;
      const words = `${status}${standing === "known" || standing === "unexpected" ? `, ${standing}` : ""}, on ${name}`;
      return el("td", { class: `${standing} ${standing === "unexpected" ? "s3" : "s2"}` }, el("a", { href: open(name), "aria-label": words, title: words }, `${MARKS[standing]}${standing === "pass" || standing === UNSUPPORTED ? "" : ` ${status}`}`));
    }));
  }
}

// --- verdicts ------------------------------------------------------------------------------------------------------------

class Verdicts extends Browse {
  constructor(model, host) {
    const { data } = model;
    const texts = (column) => [...new Set(model.cases[column])].map((index) => model.strings[index]).sort();
    const files = texts("file");
    const folders = [...new Set(files.map((file) => file.slice(0, file.lastIndexOf("/") + 1)))].filter(Boolean);
    const present = new Set(model.status);
    const divergent = data.statuses.filter((_, i) => present.has(i) && i !== model.pass && i !== model.unsupported);
    const statuses = data.statuses.filter((_, i) => present.has(i)).map((status) => option(status));
    super(host, {
      model,
      view: "verdicts",
      noun: "verdict",
      placeholder: "Search cases, messages, plans",
      selects: {
        op: ["Any op", ...texts("op").map((op) => option(op))],
        file: ["Any case file", ...folders.map((folder) => option(folder)), ...files.map((file) => option(file))],
        target: ["Any target", ...data.targets.map(({ name }) => option(name))],
        status: ["Any status", ...(divergent.length > 1 ? [option(divergent.join(","), "any divergence")] : []), ...statuses],
        known: ["Known or not", option("no", "unexpected only"), option("yes", "known only"), ...data.knowns.map(({ name }) => option(name))],
      },
      sorts: [["", "Failures first"], ["record", "In the record's order"], ["status", "By status"], ["case", "By case"], ["target", "By target"], ["what", "By message"], ["-fraction", "Largest error first"], ["-seconds", "Slowest first"]],
      figures: ["fraction", "seconds"],
      columns: columnsOf(model),
    });
  }

  /** The case before or after the one that is open, in the order of the table. */
  step(by) {
    const { view, params } = readHash();
    const { model } = this;
    if (!this.order.length) this.order = model.filter({});
    const open = model.caseIds.get(params.case);
    const name = (row) => model.data.targets[model.target[row]].name;
    let at = this.order.findIndex((row) => model.case[row] === open && (!params.on || name(row) === params.on));
    if (at < 0) at = this.order.findIndex((row) => model.case[row] === open);
    while (at >= 0 && at < this.order.length && model.case[this.order[at]] === open) at += by;
    const row = this.order[at];
    if (row === undefined) return say(by < 0 ? "This is the first case" : "This is the last case");
    if (!this.grid.root.closest("[hidden]")) this.grid.activate(at);
    return go(view, { ...params, case: model.cases.id[model.case[row]], on: name(row) }, true);
  }
}

function columnsOf(model) {
  const text = (cell, words) => (cell.textContent = words);
  return [
    { key: "status", title: "Status", fill: (cell, row) => fillStatus(cell, model, row) },
    { key: "target", title: "Target", fill: (cell, row) => text(cell, model.data.targets[model.target[row]].name) },
    { key: "case", title: "Case", fill: (cell, row) => fillCase(cell, model.cases.id[model.case[row]]) },
    { key: "what", title: "What", fill: (cell, row) => (cell.title = text(cell, model.what(row))) },
    { key: "fraction", title: "Error", numeric: true, fill: (cell, row) => text(cell, figure(model.verdicts.fraction[row])) },
    { key: "seconds", title: "Time", numeric: true, fill: (cell, row) => text(cell, model.verdicts.seconds[row] ? duration(model.verdicts.seconds[row]) : "") },
  ];
}

start(report);

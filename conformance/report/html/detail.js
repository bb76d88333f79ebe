// One case: its parameters, and each target's plan, figures, explanation, picture and repro command.
"use strict";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

class Detail {
  /** onStep(-1 or 1) goes to the case before or after; onClose leaves. */
  constructor(model, { onStep, onClose }) {
    this.model = model;
    this.body = el("div", { class: "detail-body", tabindex: "0", autofocus: true, "aria-label": "the case" });
    this.title = el("h2", { id: "detail-title" });
    const step = (by, words, key) => el("button", { type: "button", "aria-keyshortcuts": key, title: `${words} (${key})`, "aria-label": words, text: by < 0 ? "↑" : "↓", onclick: () => onStep(by) });
    this.share = el("button", { type: "button", class: "copy", "aria-keyshortcuts": "l", title: "Copy a link to this case (l)", text: "Copy link", onclick: (event) => copy(location.href, event.currentTarget) });
    this.dialog = el(
      "dialog",
      { class: "sheet", id: "detail", "aria-labelledby": "detail-title" },
      el("div", { class: "detail-head" }, this.title, el("div", { class: "tools" }, step(-1, "Case before", "k"), step(1, "Case after", "j"), this.share, el("button", { type: "button", class: "close", "aria-label": "Close", title: "Close (Esc)", text: "×", onclick: () => this.dialog.close() }))),
      this.body,
    );
    this.dialog.addEventListener("close", () => onClose());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
      if (event.key === "j") onStep(1);
      else if (event.key === "k") onStep(-1);
      else if (event.key === "l") copy(location.href, this.share);
      else if (event.key === "c") this.copyRepro();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    document.body.append(this.dialog);
  }

  get open() {
    return this.dialog.open;
  }

  show(id, on) {
    const index = this.model.caseIds.get(id);
    if (index === undefined) this.missing(id);
    else this.fill(index, on);
    if (!this.dialog.open) this.dialog.showModal();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  missing(id) {
    this.title.textContent = "No such case";
    const words = id.toLowerCase().split(/\W+/).filter(Boolean);
    const near = this.model.cases.id
      .map((other) => [words.filter((word) => other.toLowerCase().includes(word)).length, other])
      .sort((a, b) => b[0] - a[0])
      .slice(0, 5);
    this.body.replaceChildren(el("p", { text: `This record has no case ${id}. The nearest are:` }), el("ul", {}, near.map(([, other]) => el("li", {}, el("a", { href: hashOf("verdicts", { case: other }), text: other })))));
  }

  fill(index, on) {
    const { cases, strings, data } = this.model;
    const id = cases.id[index];
    const text = (column) => strings[cases[column][index]];
    const rows = this.model.rows(index);
    const chosen = rows.find((row) => data.targets[this.model.target[row]].name === on) ?? rows.find((row) => this.model.standing(row) === "unexpected") ?? rows.find((row) => this.model.standing(row) === "known") ?? rows[0];
    this.chosen = { id, row: chosen, target: chosen === undefined ? "" : data.targets[this.model.target[chosen]].name };
    this.title.textContent = labelOf(id);
    const overlap = JSON.parse(text("overlap"));
    const shared = data.arrays[index] || [];
    this.body.replaceChildren(
      el("p", { class: "where" }, place(data, text("file"), cases.line[index])),
      text("about") ? el("p", { class: "about", text: text("about") }) : "",
      this.facts(index, id),
      chosen === undefined ? "" : this.verdict(chosen, true, id, shared),
      this.summary(rows, chosen, id),
      ...rows.filter((row) => row !== chosen).map((row) => this.verdict(row, false, id, shared)),
      overlap && overlap.every((axis) => axis.length) ? chessboard(overlap) : "",
      inputs(shared),
    );
    this.body.scrollTop = 0;
  }

  facts(index, id) {
    const { cases, strings } = this.model;
    const facts = JSON.parse(strings[cases.facts[index]]);
    const { given, means } = JSON.parse(strings[cases.params[index]]);
    const pairs = [["id", id], ["fingerprint", cases.fingerprint[index]]];
    const list = (entries) => el("dl", { class: "facts" }, entries.map(([name, value]) => el("div", { class: String(value).length > 48 ? "wide" : "" }, el("dt", { text: name }), el("dd", { text: value }))));
    const all = (object) => Object.entries(object).map(([name, value]) => [name, spelled(value)]);
    return el(
      "div",
      { class: "params" },
      el("h3", { text: "Parameters" }),
      list(all(given)),
      el("ul", { class: "definition" }, facts.map((sentence) => el("li", { text: `${sentence}.` }))),
      el("details", {}, el("summary", { text: "The whole definition" }), list(pairs), el("h4", { text: "What the parameters mean, spelled out" }), list(all(means))),
    );
  }

  summary(rows, chosen, id) {
    const line = (row) => {
      const name = this.model.data.targets[this.model.target[row]].name;
      return [
        el("a", { href: hashOf("verdicts", { ...readHash().params, case: id, on: name }), "aria-current": row === chosen ? "true" : null, text: name }),
        chip(this.model, row),
        figure(this.model.verdicts.fraction[row]),
        this.model.standing(row) === UNSUPPORTED ? "" : duration(this.model.verdicts.seconds[row] || 0),
        el("code", { text: this.model.string("digest", row) }),
      ];
    };
    if (!rows.length) return el("p", { text: "No target has a verdict on it." });
    return el("div", {}, el("h3", { text: "Targets" }), table(["target", "status", "error / allowance", "time", "output bits"], rows.map(line), { class: "targets" }));
  }

  verdict(row, open, id, shared) {
    const { data, verdicts } = this.model;
    const target = data.targets[this.model.target[row]];
    const standing = this.model.standing(row);
    const subject = this.model.string("subject", row);
    const message = this.model.string("message", row);
    const explanation = this.model.string("explanation", row);
    const known = data.knowns[this.model.known[row]];
    const plan = this.model.string("plan", row);
    const arrays = data.arrays[`${this.model.case[row]} ${this.model.target[row]}`];
    const fact = (name, ...value) => el("div", {}, el("dt", { text: name }), el("dd", {}, value));
    const details = el(
      "details",
      { class: `verdict ${standing}`, open: open || standing === "unexpected", "data-row": row },
      el("summary", {}, el("span", { class: "name", text: target.name }), chip(this.model, row), el("span", { class: "version", text: target.version })),
    );
    const fill = () => {
      if (details.childElementCount > 1) return;
      details.append(
        el(
          "dl",
          { class: "lines" },
          message ? fact(subject ? `found (${subject})` : "found", message) : "",
          explanation ? fact("explained", explanation) : "",
          known ? fact("known", el("strong", { text: known.name }), ` (${known.kind}): ${known.reason} `, link(known.link) || "") : "",
          fact("figures", this.figures(row)),
        ),
        plan ? el("div", {}, el("h4", { text: "Plan" }), codeBlock(plan, `plan for ${target.name}`)) : "",
        standing === UNSUPPORTED ? "" : el("div", {}, el("h4", { text: "Reproduce" }), codeBlock(this.command(row, id, target.name), `repro command for ${target.name}`, "command"), this.script(row, target.name)),
        ...(arrays ? pictures(arrays, shared) : []),
      );
    };
    if (details.open) fill();
    details.addEventListener("toggle", fill);
    return details;
  }

  /** As the terminal prints it: with the file where the case is not found without it, and the trust that was given. */
  command(row, id, target) {
    const word = (text) => (/^[\w./:@+=-]+$/.test(text) ? text : quoted(text));
    const file = this.model.file(row);
    const named = file === `cases/${id.slice(0, id.lastIndexOf("::"))}.yaml` ? "" : ` ${word(file)}`;
    const trust = this.model.data.trusted.includes(file) ? ` --trust ${word(file)}` : "";
    return `conformance repro ${quoted(id)}${named} --on ${word(target)}${trust}`;
  }

  /** What the command writes, where the page has it: it needs the framework and NumPy, and nothing of ours. */
  script(row, target) {
    const text = this.model.string("script", row);
    return text ? el("details", { class: "script" }, el("summary", { text: "The script" }), codeBlock(text, `script for ${target}`)) : "";
  }

  copyRepro() {
    const button = [...this.body.querySelectorAll(".verdict[open] .copy")].find((found) => found.getAttribute("aria-label") === `Copy: repro command for ${this.chosen.target}`);
    copy(this.command(this.chosen.row, this.chosen.id, this.chosen.target), button);
  }

  figures(row) {
    const { verdicts } = this.model;
    const words = [];
    const [differing, worst, got, reference, needed, bits] = verdicts.figures[row] || [0, null, null, null, 0, null];
    const elements = verdicts.elements[row];
    if (elements) words.push(differing ? `${count(differing)} of ${plural(elements, "element")} differ` : `${plural(elements, "element")} compared`);
    else words.push("no element was compared");
    if (elements && verdicts.fraction[row] !== null) words.push(verdicts.fraction[row] === "inf" ? "an error where none is allowed" : `largest error ${figure(verdicts.fraction[row])} of the allowance`);
    if (worst) words.push(`worst at (${worst.join(", ")}): got ${figure(got, 9)}, reference ${figure(reference, 9)}`);
    if (needed) words.push(needed === "inf" ? "no relative tolerance would do" : `it would take rtol ${figure(needed)}`);
    if (bits !== null) words.push(`${figure(bits)} effective bits`);
    if (this.model.standing(row) !== UNSUPPORTED) words.push(duration(verdicts.seconds[row] || 0));
    if (verdicts.attempts[row]) words.push(plural(verdicts.attempts[row], "attempt"));
    return words.join("; ");
  }
}

const MARKS = { pass: "✓", known: "~", unexpected: "!", unsupported: "–" };

function chip(model, row) {
  const standing = model.standing(row);
  const status = model.data.statuses[model.status[row]];
  return el("span", { class: `chip ${standing}` }, el("span", { "aria-hidden": "true", text: `${MARKS[standing]} ` }), status, standing === "known" || standing === "unexpected" ? el("span", { class: "unseen", text: `, ${standing}` }) : "");
}

/** The same in a cell of the table, whose elements are used again. */
function fillStatus(cell, model, row) {
  const standing = model.standing(row);
  const status = model.data.statuses[model.status[row]];
  if (!cell.firstChild) cell.append(el("span", {}));
  cell.firstChild.className = `chip ${standing}`;
  cell.firstChild.textContent = `${MARKS[standing]} ${status}`;
  cell.ariaLabel = standing === "known" || standing === "unexpected" ? `${status}, ${standing}` : status;
}

/** A line of a case file, as a link where the run's CI says that the file is shown. */
function place({ forge }, file, line) {
  const text = `${file}:${line}`;
  return (forge[file] && link(`${forge[file]}#L${line}`, text)) || el("span", { text });
}

function spelled(value) {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return Array.isArray(value[0]) && typeof value[0][0] === "string" ? value.map(([name, item]) => `${name}: ${spelled(item)}`).join(", ") : `[${value.map(spelled).join(", ")}]`;
  if (value && typeof value === "object") return Object.entries(value).map(([name, item]) => `${name}: ${spelled(item)}`).join(", ");
  return String(value);
}

/** The inputs that the targets share, where the record kept them. */
function inputs(shared) {
  const given = shared.filter(({ name, data }) => !name.startsWith("reference") && data);
  if (!given.length) return "";
  return el(
    "details",
    { class: "inputs" },
    el("summary", { text: "Inputs" }),
    given.map((array) => {
      const values = floats(array.data, array.wide);
      const text = values.length > 512 ? `${Array.from(values.subarray(0, 512), (v) => figure(v, 9)).join(", ")}, and ${count(values.length - 512)} more` : Array.from(values, (v) => figure(v, 9)).join(", ");
      return el("div", {}, el("h4", { text: `${array.name}, ${array.dtype}[${array.shape.join(", ")}]` }), codeBlock(text, `values of ${array.name}`));
    }),
  );
}

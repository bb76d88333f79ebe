// A long table with its filters, all of it in the hash: what a record's verdicts and a diff's changes have in common.
"use strict";

const option = (value, text) => el("option", { value, text: text || value });

class Browse {
  /**
   * model: size, filter(params), sorted(rows, [key, descending]); selects: name -> [label, options...]; sorts: [value,
   * text] pairs, a leading "-" is descending; figures: keys that are sorted largest first.
   */
  constructor(host, { model, view, noun, placeholder, selects, sorts, figures, columns, classes }) {
    Object.assign(this, { model, view, noun, sorts, figures, order: [], onOpen: () => {} });
    this.search = el("input", { type: "search", id: "filter-q", placeholder, "aria-label": placeholder, "aria-keyshortcuts": "/", autocomplete: "off", spellcheck: "false" });
    this.search.addEventListener("input", () => this.type());
    this.search.addEventListener("focus", () => (this.fresh = true));
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "ArrowDown") this.grid.root.focus();
      else if (event.key === "Escape" && this.search.value) (this.search.value = ""), this.type();
      else if (event.key === "Escape") this.grid.root.focus();
      else return;
      event.preventDefault();
    });
    this.selects = Object.fromEntries(
      Object.entries(selects).map(([name, [label, ...options]]) => [
        name,
        el("select", { id: `filter-${name}`, "aria-label": label, onchange: (event) => this.set({ [name]: event.target.value }) }, option("", label), options),
      ]),
    );
    this.sorter = el("select", { id: "filter-sort", "aria-label": "Order", onchange: (event) => this.set({ sort: event.target.value }) }, sorts.map(([value, text]) => option(value, text)));
    this.total = el("p", { class: "total", role: "status" });
    this.clear = el("button", { type: "button", text: "Clear filters", onclick: () => go(view, { sort: readHash().params.sort }) });
    host.append(
      el("div", { class: "filters", role: "search", "aria-label": "Filters" }, this.search, el("details", { class: "more", open: matchMedia("(min-width: 761px)").matches }, el("summary", { text: "Filters" }), el("div", { class: "selects" }, Object.values(this.selects), this.sorter))),
      el("div", { class: "line" }, this.total, this.clear),
    );
    this.grid = new Grid(host, {
      label: `${noun}s`,
      columns,
      classes,
      onOpen: (row) => this.onOpen(row),
      onSort: (key) => this.sortBy(key),
      rowHeight: () => (matchMedia("(max-width: 760px)").matches ? 64 : 36),
    });
  }

  set(changes) {
    go(this.view, { ...readHash().params, ...changes, case: "", on: "" });
  }

  /** What is typed replaces itself in the browser's history, so that one step back undoes the whole search. */
  type() {
    const first = this.fresh;
    this.fresh = false;
    go(this.view, { ...readHash().params, q: this.search.value.trim(), case: "", on: "" }, !first);
  }

  sortBy(key) {
    const now = readHash().params.sort || "";
    // The first click on a figure shows the largest, on a word the first; the third gives the first order back.
    const cycle = this.figures.includes(key) ? [`-${key}`, key, ""] : [key, `-${key}`, ""];
    this.set({ sort: cycle[(cycle.indexOf(now) + 1) % 3] });
  }

  show(params) {
    const filters = Object.fromEntries([...Object.keys(this.selects), "q"].map((name) => [name, params[name] || ""]));
    const descending = (params.sort || "").startsWith("-");
    const key = (params.sort || "").replace(/^-/, "");
    const sort = this.grid.columns.some((column) => column.key === key) ? [key, descending] : null;
    const recorded = key === "record";
    const state = JSON.stringify([filters, sort, recorded]);
    if (state === this.state) return;
    this.state = state;
    for (const [name, node] of Object.entries(this.selects)) this.choose(node, filters[name]);
    this.choose(this.sorter, sort || recorded ? params.sort : "");
    if (document.activeElement !== this.search) this.search.value = filters.q;
    const rows = this.model.filter(filters);
    this.order = sort ? this.model.sorted(rows, sort) : recorded || !this.model.failuresFirst ? rows : this.model.failuresFirst(rows);
    this.grid.active = 0;
    this.grid.root.scrollTop = 0;
    this.grid.show(this.order, sort);
    this.total.textContent = `${count(rows.length)} of ${plural(this.model.size, this.noun)}`;
    this.clear.hidden = !Object.values(filters).some(Boolean);
  }

  /** A value that the list does not offer (several targets, an order by a header) is added to it. */
  choose(node, value) {
    if (value && ![...node.options].some((found) => found.value === value)) node.append(option(value, value.replaceAll(",", ", ")));
    node.value = value;
    node.classList.toggle("set", Boolean(value));
  }
}

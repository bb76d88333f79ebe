// A table of any length: only the rows in view are elements (TanStack Virtual says which). One tab stop; the row that the
// keyboard is on is named by aria-activedescendant, so that it survives being scrolled out of view.
"use strict";

class Grid {
  /** columns: [{ key, title, width, sort, fill(cell, row), numeric }]; rows are numbers that `fill` understands. */
  constructor(host, { columns, label, onOpen, onSort, rowHeight, classes }) {
    this.columns = columns;
    this.onOpen = onOpen;
    this.rowHeight = rowHeight;
    this.rows = [];
    this.active = 0;
    this.drawn = new Map();
    this.spare = [];
    this.body = el("div", { class: "grid-body", role: "presentation" });
    this.headers = columns.map((column) =>
      el(
        "div",
        { role: "columnheader", class: `cell c-${column.key}${column.numeric ? " num" : ""}` },
        el("button", { type: "button", onclick: () => onSort(column.key) }, column.title, el("span", { class: "arrow", "aria-hidden": "true" })),
      ),
    );
    const head = el("div", { class: "grid-row grid-head", role: "row", "aria-rowindex": "1" }, this.headers);
    this.root = el("div", { class: `grid ${classes || ""}`, role: "grid", tabindex: "0", "aria-label": label, "aria-colcount": columns.length }, head, this.body);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest(".grid-row");
      if (!row) return;
      this.activate(Number(row.dataset.index));
      this.onOpen(this.rows[this.active], this.active);
    });
    host.append(this.root);
    this.virtual = new TanStackVirtual.Virtualizer(this.options());
    this.leave = this.virtual._didMount();
    this.virtual._willUpdate();
    new ResizeObserver(() => this.update()).observe(this.root);
  }

  options() {
    return {
      count: this.rows.length,
      getScrollElement: () => this.root,
      estimateSize: this.rowHeight,
      overscan: 4,
      scrollPaddingStart: 40,
      scrollToFn: TanStackVirtual.elementScroll,
      observeElementRect: TanStackVirtual.observeElementRect,
      observeElementOffset: TanStackVirtual.observeElementOffset,
      onChange: () => this.draw(),
    };
  }

  update() {
    const height = this.rowHeight();
    if (height !== this.height) this.virtual.measure();
    this.height = height;
    this.virtual.setOptions(this.options());
    this.virtual._willUpdate();
    this.draw();
  }

  /** Show these rows, in this order; `sort` is [key, descending] or null. */
  show(rows, sort) {
    this.rows = rows;
    this.active = Math.min(this.active, Math.max(rows.length - 1, 0));
    this.root.setAttribute("aria-rowcount", rows.length + 1);
    this.columns.forEach((column, i) => {
      const mine = sort && sort[0] === column.key;
      this.headers[i].setAttribute("aria-sort", mine ? (sort[1] ? "descending" : "ascending") : "none");
    });
    for (const row of this.drawn.values()) this.free(row);
    this.drawn.clear();
    this.update();
  }

  free(row) {
    row.hidden = true;
    this.spare.push(row);
  }

  draw() {
    this.body.style.height = `${this.virtual.getTotalSize()}px`;
    const wanted = this.virtual.getVirtualItems();
    const seen = new Set(wanted.map((item) => item.index));
    for (const [index, row] of this.drawn) {
      if (seen.has(index)) continue;
      this.free(row);
      this.drawn.delete(index);
    }
    for (const item of wanted) {
      let row = this.drawn.get(item.index);
      if (!row) {
        row = this.spare.pop() || this.make();
        this.fill(row, item.index);
        this.drawn.set(item.index, row);
      }
      row.style.transform = `translateY(${item.start}px)`;
      row.classList.toggle("active", item.index === this.active);
    }
    const row = this.drawn.get(this.active);
    if (row) this.root.setAttribute("aria-activedescendant", row.id);
    else this.root.removeAttribute("aria-activedescendant");
  }

  make() {
    const row = el("div", { class: "grid-row", role: "row", id: `row-${this.drawn.size + this.spare.length}-${Math.random().toString(36).slice(2, 8)}` });
    for (const column of this.columns) row.append(el("div", { role: "gridcell", class: `cell c-${column.key}${column.numeric ? " num" : ""}` }));
    this.body.append(row);
    return row;
  }

  fill(row, index) {
    row.hidden = false;
    row.dataset.index = index;
    row.setAttribute("aria-rowindex", index + 2);
    this.columns.forEach((column, i) => column.fill(row.children[i], this.rows[index]));
  }

  activate(index) {
    this.active = Math.max(0, Math.min(index, this.rows.length - 1));
    this.virtual.scrollToIndex(this.active, { align: "auto" });
    this.draw();
  }

  key(event) {
    if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.root.clientHeight / this.rowHeight()) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) this.activate(this.active + steps[event.key]);
    else if (event.key === "Enter" && this.rows.length) this.onOpen(this.rows[this.active], this.active);
    else return;
    event.preventDefault();
  }
}

const labelOf = (id) => (id.includes("::") ? id.slice(id.lastIndexOf("::") + 2) : id);

/** A case's label, and where it is from. */
function fillCase(cell, id) {
  const label = labelOf(id);
  // The elements of a row are used again and again: making them anew would cost more than filling them.
  if (!cell.firstChild) cell.append(el("span", { class: "label" }), el("span", { class: "muted" }));
  cell.firstChild.textContent = label;
  cell.lastChild.textContent = id.slice(0, id.length - label.length - 2);
  cell.title = id;
}

// Pictures of arrays: the error as a fraction of the allowance, reference and actual side by side; the chessboard.
"use strict";

const PLANES_SHOWN = 4;
const ALLOWANCES = [0, 1, 10, 100, 1e4];
const PARTS = [0, 0.01, 0.25, 0.5, 0.75];

/** The plane that is drawn is the last two axes; the axes before it name the plane. As in `conformance show`. */
function planesOf(shape) {
  const rows = shape.length < 2 ? 1 : shape.at(-2);
  const columns = shape.length ? shape.at(-1) : 1;
  const lead = shape.slice(0, -2);
  const planes = lead.reduce((a, b) => a * b, 1);
  const index = (plane) => {
    const found = [];
    for (let axis = lead.length - 1; axis >= 0; axis--) {
      found.unshift(plane % lead[axis]);
      plane = Math.floor(plane / lead[axis]);
    }
    return found;
  };
  return { rows, columns, planes, size: rows * columns, index, lead };
}

function rgb(text) {
  const n = parseInt(text.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

const mix = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));

function luminance(c) {
  const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const inkOn = (c) => (luminance(c) > 0.179 ? "#000" : "#fff");

/** One plane on a canvas: `shade(i)` is a colour, `text(i)` what stands in the cell where it fits. */
function heat(canvas, rows, columns, shade, text, cursor) {
  const width = Math.max(1, Math.min(40, Math.floor(262 / columns)));
  const height = Math.min(width, 26);
  const dense = Math.min(window.devicePixelRatio || 1, 3);
  canvas.width = columns * width * dense;
  canvas.height = rows * height * dense;
  canvas.style.width = `${columns * width}px`;
  const pen = canvas.getContext("2d");
  pen.scale(dense, dense);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const gap = width > 6 ? 1 : 0;
  for (let i = 0; i < rows * columns; i++) {
    const x = (i % columns) * width;
    const y = Math.floor(i / columns) * height;
    const fill = shade(i);
    pen.fillStyle = `rgb(${fill})`;
    pen.fillRect(x, y, width - gap, height - gap);
    if (width >= 22) {
      const words = text(i);
      pen.font = `${width >= 30 ? 11 : 9.5}px ui-monospace, monospace`;
      pen.fillStyle = inkOn(fill);
      if (words && pen.measureText(words).width <= width - 2) pen.fillText(words, x + (width - gap) / 2, y + height / 2 + 0.5);
    }
    if (i === cursor) {
      pen.strokeStyle = colour("focus");
      pen.lineWidth = 2;
      pen.strokeRect(x + 1, y + 1, width - gap - 2, height - gap - 2);
    }
  }
}

function errorShade(error, unit) {
  const limits = unit ? PARTS : ALLOWANCES;
  let level = 0;
  while (level < limits.length && !(error <= limits[level])) level++;
  return rgb(colour(`e${level}`));
}

function valueShade(value, largest) {
  if (Number.isNaN(value)) return rgb(colour("nan"));
  if (!Number.isFinite(value)) return rgb(colour("infinite"));
  const share = largest ? Math.min(1, Math.abs(value) / largest) : 0;
  return mix(rgb(colour("zero")), rgb(colour(value < 0 ? "negative" : "positive")), share);
}

function legend(unit) {
  const words = unit
    ? ["equal", "≤ 1%", "≤ 25%", "≤ 50%", "≤ 75%", `of ${figure(unit, 4)}, the largest error`]
    : ["equal", "≤ 1", "≤ 10", "≤ 100", "≤ 10,000", "more allowances"];
  return el("p", { class: "legend" }, el("span", { text: "error:" }), words.map((text, i) => el("span", {}, el("i", { class: `swatch e${i}` }), text)));
}

/** The arrays that one target answered, each against its reference. */
function pictures(entries, shared) {
  return entries.map((entry) => {
    const reference = shared.find(({ name }) => name === entry.against);
    const title = entry.name === "y" ? "output y" : `gradient of ${entry.name}`;
    if (!entry.data || !reference || !reference.data) {
      return el("p", { class: "note", text: `${title}: ${entry.dtype}[${entry.shape}]; too large for the page or not kept: conformance show draws what the record holds.` });
    }
    return picture(title, entry, reference);
  });
}

function picture(title, entry, reference) {
  const got = floats(entry.data, entry.wide);
  const right = floats(reference.data, reference.wide);
  const same = entry.error !== undefined;
  const error = same ? floats(entry.error, false) : null;
  const { rows, columns, planes, size, index } = planesOf(entry.shape);
  const wrong = [];
  for (let plane = 0; plane < planes; plane++) {
    if (!same || error.subarray(plane * size, (plane + 1) * size).some((value) => value > 0)) wrong.push(plane);
  }
  const host = el("div", { class: "picture" }, el("h4", { text: `${title}, ${entry.dtype}[${entry.shape.join(", ")}]` }));
  if (!same) host.append(el("p", { class: "note", text: `The reference has the shape [${reference.shape.join(", ")}].` }));
  else if (!wrong.length) return el("p", { class: "note", text: `${title}: equal in every element.` });
  else host.append(legend(entry.unit));
  const draw = (shown) =>
    shown.map((plane) => {
      if (!same) return differentShapes(plane, entry, got, reference, right);
      const at = plane * size;
      const largest = [got, right].reduce((top, all) => all.subarray(at, at + size).reduce((a, v) => (Number.isFinite(v) ? Math.max(a, Math.abs(v)) : a), top), 0);
      const panels = [
        ["error", (i) => errorShade(error[at + i], entry.unit), (i) => (error[at + i] ? (entry.unit ? figure(Math.abs(got[at + i] - right[at + i])) : figure(error[at + i], 2)) : "")],
        ["reference", (i) => valueShade(right[at + i], largest), (i) => figure(right[at + i])],
        ["actual", (i) => valueShade(got[at + i], largest), (i) => figure(got[at + i])],
      ];
      const tell = (i) => {
        const off = entry.unit ? figure(Math.abs(got[at + i] - right[at + i])) : `${figure(error[at + i])} of the allowance`;
        return `at (${[...index(plane), Math.floor(i / columns), i % columns].join(", ")}): got ${figure(got[at + i], 9)}, reference ${figure(right[at + i], 9)}, error ${off}`;
      };
      return planeFigure(index(plane).length ? `[${index(plane).join(", ")}]` : "", rows, columns, panels, tell);
    });
  const shown = wrong.slice(0, PLANES_SHOWN);
  host.append(...draw(shown));
  if (wrong.length > shown.length) {
    const more = el("button", { type: "button", text: `Show ${plural(wrong.length - shown.length, "more plane")} with errors` });
    more.addEventListener("click", () => more.replaceWith(...draw(wrong.slice(PLANES_SHOWN))));
    host.append(more);
  }
  return host;
}

function differentShapes(plane, entry, got, reference, right) {
  const sides = [["reference", reference, right], ["actual", entry, got]].map(([name, array, values]) => {
    const { rows, columns, size } = planesOf(array.shape);
    const part = values.subarray(plane * size, (plane + 1) * size);
    const largest = part.reduce((a, v) => (Number.isFinite(v) ? Math.max(a, Math.abs(v)) : a), 0);
    return part.length ? planeFigure(`${name} [${array.shape.join(", ")}]`, rows, columns, [[name, (i) => valueShade(part[i], largest), (i) => figure(part[i])]], (i) => `${name} at (${Math.floor(i / columns)}, ${i % columns}): ${figure(part[i], 9)}`) : null;
  });
  return el("div", { class: "panels" }, sides);
}

/** Panels of one plane with one cursor: the pointer or the arrow keys move it, and a line says what is there. */
function planeFigure(title, rows, columns, panels, tell) {
  const canvases = panels.map(([name]) => el("canvas", { role: "img", "aria-label": `${name} of the plane ${title}, ${rows} by ${columns}` }));
  const line = el("p", { class: "readout", "aria-live": "polite" });
  let cursor = -1;
  const draw = () => panels.forEach(([, shade, text], i) => heat(canvases[i], rows, columns, shade, text, cursor));
  const move = (to) => {
    if (to === cursor) return;
    cursor = to;
    line.textContent = tell(cursor);
    draw();
  };
  const box = el("div", { class: "panels", tabindex: "0", role: "group", "aria-label": `plane ${title}: arrow keys read the elements` }, canvases.map((canvas, i) => el("figure", {}, el("figcaption", { text: panels[i][0] }), canvas)));
  const point = (event) => {
    const canvas = event.target.closest("canvas");
    if (!canvas) return;
    const edge = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - edge.left) / edge.width) * columns);
    const row = Math.floor(((event.clientY - edge.top) / edge.height) * rows);
    if (column >= 0 && column < columns && row >= 0 && row < rows) move(row * columns + column);
  };
  box.addEventListener("pointermove", point);
  box.addEventListener("pointerdown", point);
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!step) return;
    const to = cursor < 0 ? 0 : cursor + step;
    if (to >= 0 && to < rows * columns) move(to);
    event.preventDefault();
    event.stopPropagation();
  });
  const figure = el("div", { class: "plane" }, el("p", { class: "plane-title", text: title }), box, line);
  window.addEventListener("themechange", () => figure.isConnected && draw());
  draw();
  return figure;
}

/** How many kernel taps reach each output element: the outer product of the counts along the axes. */
function chessboard(axes) {
  const products = (a, b) => a.flatMap((x) => b.map((y) => x * y));
  const counts = [...new Set(axes.map((axis) => [...new Set(axis)]).reduce(products))].sort((a, b) => a - b);
  const rows = axes.length > 1 ? axes.at(-2) : [1];
  const columns = axes.at(-1);
  const plane = products(rows, columns);
  const most = Math.max(1, ...plane);
  const shade = (i) => mix(rgb(colour("zero")), rgb(colour("overlap")), plane[i] / most);
  const even = counts.length < 2;
  const words = even
    ? `${counts[0]} in every element: even.`
    : `${counts.join(", ")}: uneven, so equal inputs and weights give a chessboard.`;
  const depth = axes.length > 2 ? el("p", { class: "note", text: `Along D, times the plane: ${axes[0].join(" ")}` }) : null;
  return el(
    "div",
    { class: "picture" },
    el("h3", { text: "Overlap" }),
    el("p", { class: "note", text: `Kernel taps that reach each output element: ${words}` }),
    depth,
    plane.length ? planeFigure(axes.length > 1 ? "H by W" : "W", rows.length, columns.length, [["taps", shade, (i) => String(plane[i])]], (i) => `at (${Math.floor(i / columns.length)}, ${i % columns.length}): ${plural(plane[i], "tap")}`) : null,
  );
}

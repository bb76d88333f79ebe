// What every page needs: elements, the data, the hash, the theme, the clipboard.
"use strict";

const byId = (id) => document.getElementById(id);

/** An element with properties and children. Text becomes text nodes: nothing here is ever parsed as HTML. */
function el(name, props, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const count = (n) => n.toLocaleString("en-US");
const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
const real = (value) => (typeof value === "string" ? Number(value.replace("inf", "Infinity")) : value);

/** A share in percent that says 100 only where it is all, and 0 only where it is none. */
function percent(part, whole) {
  if (!whole) return "";
  const share = (100 * part) / whole;
  if (part === whole || part === 0) return `${share}%`;
  return `${Math.min(99.9, Math.max(0.1, share)).toFixed(share >= 10 && share < 99 ? 0 : 1)}%`;
}

function figure(value, digits = 3) {
  if (value === null || value === undefined) return "";
  const number = real(value);
  if (!Number.isFinite(number)) return String(number).replace("Infinity", "inf").replace("NaN", "nan");
  if (number === 0) return Object.is(number, -0) ? "-0" : "0";
  const size = Math.abs(number);
  return size >= 10 ** Math.max(digits, 5) || size < 1e-4 ? number.toExponential(digits - 1) : String(Number(number.toPrecision(digits)));
}

function duration(seconds) {
  if (seconds >= 1) return `${figure(seconds)} s`;
  return seconds >= 1e-3 ? `${figure(seconds * 1e3)} ms` : `${figure(seconds * 1e6)} µs`;
}

/** A link to somewhere else, only where it is one: a known entry's link is a person's words. */
function link(address, text) {
  if (!/^https?:\/\//i.test(address || "")) return address ? el("span", { text: address }) : null;
  return el("a", { href: address, rel: "noreferrer noopener", target: "_blank", text: text || address });
}

function say(words) {
  byId("said").textContent = "";
  setTimeout(() => (byId("said").textContent = words), 30);
}

// --- the data ------------------------------------------------------------------------------------------------------

async function unpack() {
  if (typeof DecompressionStream === "undefined") {
    throw new Error(
      "This browser can't unpack the page's data (it has no DecompressionStream). Any browser since 2023 can: " +
        "Chrome 80, Firefox 113, Safari 16.4 or later.",
    );
  }
  const stream = new Blob([bytes(byId("data").textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function bytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const found = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
  return found;
}

/** Little-endian floats, wherever the page is read. */
function floats(base64, wide) {
  const view = new DataView(bytes(base64).buffer);
  const size = wide ? 8 : 4;
  const found = new Float64Array(view.byteLength / size);
  for (let i = 0; i < found.length; i++) found[i] = wide ? view.getFloat64(8 * i, true) : view.getFloat32(4 * i, true);
  return found;
}

// --- the hash: #view?name=value&... ---------------------------------------------------------------------------------

function readHash() {
  const hash = location.hash.slice(1);
  const cut = hash.indexOf("?");
  const view = cut < 0 ? hash : hash.slice(0, cut);
  return { view, params: Object.fromEntries(new URLSearchParams(cut < 0 ? "" : hash.slice(cut + 1))) };
}

function hashOf(view, params) {
  const query = new URLSearchParams(Object.entries(params || {}).filter(([, value]) => value)).toString();
  return `#${view}${query ? `?${query}` : ""}`;
}

/** Go to a view. `replace` leaves no trace in the browser's history. */
function go(view, params, replace) {
  const hash = hashOf(view, params);
  if (hash === location.hash) return;
  if (replace) {
    history.replaceState(history.state, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = hash;
  }
}

// --- theme -----------------------------------------------------------------------------------------------------------

const THEMES = ["auto", "dark", "light"];

function remember(key, value) {
  try {
    if (value === undefined) return localStorage.getItem(`conformance-${key}`);
    localStorage.setItem(`conformance-${key}`, value);
  } catch {
    // A page from disk may have no storage: then nothing is remembered.
  }
  return null;
}

function setTheme(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  byId("theme").textContent = `Theme: ${theme}`;
  byId("theme").dataset.value = theme;
  window.dispatchEvent(new Event("themechange"));
}

function startTheme() {
  const kept = remember("theme");
  setTheme(THEMES.includes(kept) ? kept : "auto");
  byId("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(byId("theme").dataset.value) + 1) % THEMES.length];
    remember("theme", next);
    setTheme(next);
    say(`Theme ${next}`);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    window.dispatchEvent(new Event("themechange")),
  );
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// --- clipboard -------------------------------------------------------------------------------------------------------

async function copy(text, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyTheOldWay(text);
  }
  say(done ? "Copied" : "The browser does not let this page copy; select the text instead");
  if (!button) return;
  const words = button.dataset.words || (button.dataset.words = button.textContent);
  button.textContent = done ? "Copied" : "Select it";
  setTimeout(() => (button.textContent = words), 1500);
}

function copyTheOldWay(text) {
  const area = el("textarea", { class: "unseen", text, "aria-hidden": "true" });
  (document.querySelector("dialog[open]") || document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function copyButton(text, words, label) {
  return el("button", { type: "button", class: "copy", "aria-label": label, text: words, onclick: (event) => copy(text, event.currentTarget) });
}

function codeBlock(text, label, kind = "") {
  return el("div", { class: `code ${kind}` }, el("pre", { tabindex: "0", "aria-label": label }, el("code", { text })), copyButton(text, "Copy", `Copy: ${label}`));
}

// --- small parts of pages ---------------------------------------------------------------------------------------------

function table(head, rows, props) {
  const cells = (row, name) => row.map((cell, i) => el(i || name === "th" ? name : "th", i || name === "th" ? {} : { scope: "row" }, cell));
  return el(
    "div",
    { class: "scroll" },
    el("table", props || {}, el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col", text })))), el("tbody", {}, rows.map((row) => el("tr", {}, cells(row, "td"))))),
  );
}

function section(title, ...children) {
  const id = `section-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return el("section", { "aria-labelledby": id }, el("h2", { id, text: title }), ...children);
}

function tabs(views) {
  byId("tabs").replaceChildren(...Object.entries(views).map(([view, title]) => el("a", { href: `#${view}`, "data-view": view, text: title })));
}

function markTab(view) {
  for (const tab of byId("tabs").children) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

/** What is searched for: words, and phrases in double quotes, in lower case. */
const terms = (text) => [...(text || "").toLowerCase().matchAll(/"([^"]+)"|\S+/g)].map(([word, phrase]) => phrase || word);

const typing = (event) => /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName || "");

/** Keys that work anywhere but where somebody types. `keys` is key -> [words, action]. */
function startKeys(keys) {
  const help = el(
    "dialog",
    { id: "help", "aria-labelledby": "help-title" },
    el("h2", { id: "help-title", text: "Keyboard" }),
    el("dl", { class: "keys" }, [...Object.entries(keys).map(([key, [words]]) => [key, words]), ["Enter", "open the row or the cell"], ["↑ ↓ ← →", "move in the table and in the matrix; so do Home, End, Page up and Page down"], ["Esc", "close, or leave the search"]].map(([key, words]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: words })])),
    el("form", { method: "dialog" }, el("button", { text: "Close" })),
  );
  document.body.append(help);
  byId("help-button").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (event.key === "?") help.showModal();
    else if (keys[event.key]) keys[event.key][1]();
    else return;
    event.preventDefault();
  });
  byId("skip").addEventListener("click", () => byId("main").focus());
}

/** Start a page: unpack the data and hand them over; say so where that fails. */
async function start(show) {
  startTheme();
  try {
    const data = await unpack();
    byId("wait").remove();
    show(data);
    document.documentElement.dataset.ready = "yes";
    performance.mark("ready");
  } catch (error) {
    const wait = byId("wait") || byId("main").appendChild(el("p", { class: "wait" }));
    wait.className = "wait failed";
    wait.textContent = error.message;
    console.error(error);
  }
}

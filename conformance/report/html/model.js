// The record as columns, and which rows a set of filters leaves.
"use strict";

const UNSUPPORTED = "unsupported";

class Model {
  constructor(data) {
    const { cases, verdicts, strings } = data;
    this.data = data;
    this.strings = strings;
    this.cases = cases;
    this.verdicts = verdicts;
    this.size = verdicts.case.length;
    this.target = Uint16Array.from(verdicts.target);
    this.status = Uint8Array.from(verdicts.status);
    this.case = Uint32Array.from(verdicts.case);
    this.known = new Int32Array(this.size).fill(-1);
    for (const [row, known] of Object.entries(verdicts.known)) this.known[row] = known;
    // -1: no figure, which sorts below every error.
    this.fraction = Float64Array.from(verdicts.fraction, (value) => (value === null ? -1 : real(value)));
    this.pass = data.statuses.indexOf("pass");
    this.unsupported = data.statuses.indexOf(UNSUPPORTED);
    this.caseIds = new Map(cases.id.map((id, index) => [id, index]));
    this.targetNames = new Map(data.targets.map(({ name }, index) => [name, index]));
    this.rowsOf = new Map();
    this.ranks = {};
    this.hits = new Map();
  }

  string(column, row) {
    const found = this.verdicts[column][row];
    return found === undefined ? "" : this.strings[found];
  }

  file(row) {
    return this.strings[this.cases.file[this.case[row]]];
  }

  /** pass, known, unexpected or unsupported. */
  standing(row) {
    if (this.status[row] === this.pass) return "pass";
    if (this.status[row] === this.unsupported) return UNSUPPORTED;
    return this.known[row] >= 0 ? "known" : "unexpected";
  }

  /** The verdicts of a case, in the order of the record. */
  rows(caseIndex) {
    if (!this.rowsOf.size) {
      for (let row = 0; row < this.size; row++) {
        const rows = this.rowsOf.get(this.case[row]);
        if (rows) rows.push(row);
        else this.rowsOf.set(this.case[row], [row]);
      }
    }
    return this.rowsOf.get(caseIndex) || [];
  }

  /** What the table says of a row besides its case and target. */
  what(row) {
    const known = this.known[row];
    const words = this.string("explanation", row) || this.string("message", row);
    return known < 0 ? words : `${this.data.knowns[known].name}: ${words}`;
  }

  /** Rows with what is unexpected first, then what is known, what passed, what is unsupported; each in their order. */
  failuresFirst(rows) {
    const ranks = { unexpected: 0, known: 1, pass: 2, [UNSUPPORTED]: 3 };
    const found = [[], [], [], []];
    for (const row of rows) found[ranks[this.standing(row)]].push(row);
    return Uint32Array.from(found.flat());
  }

  /** Which rows meet the filters, in the record's order. */
  filter(params) {
    const allows = this.tests(params);
    const found = new Uint32Array(this.size);
    let n = 0;
    for (let row = 0; row < this.size; row++) if (allows.every((test) => test(row))) found[n++] = row;
    return found.subarray(0, n);
  }

  tests({ op, file, target, status, known, q }) {
    const tests = [];
    if (target) {
      const wanted = new Set(target.split(",").map((name) => this.targetNames.get(name)));
      tests.push((row) => wanted.has(this.target[row]));
    }
    if (status) {
      const wanted = new Set(status.split(",").map((name) => this.data.statuses.indexOf(name)));
      tests.push((row) => wanted.has(this.status[row]));
    }
    if (op) tests.push(this.caseTest("op", (text) => text === op));
    if (file) tests.push(this.caseTest("file", file.endsWith("/") ? (text) => text.startsWith(file) : (text) => text === file));
    if (known === "yes") tests.push((row) => this.known[row] >= 0);
    else if (known === "no") tests.push((row) => this.standing(row) === "unexpected");
    else if (known) {
      const wanted = this.data.knowns.findIndex(({ name }) => name === known);
      tests.push((row) => wanted >= 0 && this.known[row] === wanted);
    }
    for (const word of terms(q)) tests.push(this.textTest(word));
    return tests;
  }

  caseTest(column, test) {
    const good = new Set();
    this.cases[column].forEach((text, index) => test(this.strings[text]) && good.add(index));
    return (row) => good.has(this.case[row]);
  }

  /** A word is looked for once in every distinct text, not once a row. */
  textTest(word) {
    const known = this.hits.get(word);
    if (known) return known;
    const has = (text) => text.toLowerCase().includes(word);
    const strings = Uint8Array.from(this.strings, has);
    const cases = Uint8Array.from(this.cases.id, (id, i) => has(id) || strings[this.cases.about[i]] || this.cases.fingerprint[i] === word);
    const targets = Uint8Array.from(this.data.targets, ({ name }) => has(name));
    const knowns = Uint8Array.from(this.data.knowns, ({ name, reason }) => has(name) || has(reason));
    const { message, plan, explanation, subject, digest } = this.verdicts;
    const test = (row) =>
      cases[this.case[row]] || targets[this.target[row]] || strings[message[row]] || strings[plan[row]] || strings[digest[row]] ||
      strings[explanation[row]] || strings[subject[row]] || (this.known[row] >= 0 && knowns[this.known[row]]);
    if (this.hits.size > 50) this.hits.clear();
    this.hits.set(word, test);
    return test;
  }

  /** Rows by a column; [key, descending]. */
  sorted(rows, [key, descending]) {
    const rank = this.rank(key);
    const sign = descending ? -1 : 1;
    return Uint32Array.from(rows).sort((a, b) => sign * (rank[a] - rank[b]) || a - b);
  }

  rank(key) {
    if (!this.ranks[key]) this.ranks[key] = this.makeRank(key);
    return this.ranks[key];
  }

  makeRank(key) {
    if (key === "fraction") return Float64Array.from(this.fraction, (value) => (value === Infinity ? Number.MAX_VALUE : value));
    if (key === "seconds") return Float64Array.from(this.verdicts.seconds, (value) => value || 0);
    if (key === "status") {
      const weight = { unexpected: 0, known: 1, pass: 2, unsupported: 3 };
      return Float64Array.from({ length: this.size }, (_, row) => 100 * weight[this.standing(row)] + this.status[row]);
    }
    if (key === "target") return this.byText((row) => this.data.targets[this.target[row]].name);
    if (key === "case") return this.byText((row) => this.cases.id[this.case[row]]);
    return this.byText((row) => this.what(row));
  }

  byText(text) {
    const texts = Array.from({ length: this.size }, (_, row) => text(row));
    const order = new Map([...new Set(texts)].sort().map((value, index) => [value, index]));
    return Float64Array.from(texts, (value) => order.get(value));
  }
}

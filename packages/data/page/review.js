// The program of the page on which a person reviews the images that data:audit suspects. It runs in a
// browser, from a file, without a network. What it shows stands as JSON in the element #review.

const review = JSON.parse(document.getElementById("review").textContent);
const { classes, items, pictures } = review;
const COLUMNS = ["row", "action", "label", "new label", "note"];
const STORE = `mien-audit ${review.sha256}`;
/** Keys of the classes: digits, then letters that are no other command. */
const CLASS_KEYS = [..."1234567890", ..."qwerty", ..."opfghjlzxcvbm"];
const find = (id) => document.getElementById(id);
const nameOf = (label) => classes[label] ?? "";

/**
 * Decisions by row: `{ action, label, newLabel, note }` with names of classes. Rows that are not on
 * this page can be in it, from a loaded file; they are saved again.
 */
let decisions = new Map();
/** What undo takes back: `[row, decision before, position]`. */
let past = [];
let position = 0;
let shown = items.map((_, i) => i);
let isStored = true;

function remember() {
  try {
    const state = { decisions: [...decisions], past: past.slice(-1000), row: current()?.row };
    localStorage.setItem(STORE, JSON.stringify(state));
  } catch {
    isStored = false;
  }
}

function recall() {
  try {
    const state = JSON.parse(localStorage.getItem(STORE) ?? "null");
    if (state === null) return;
    decisions = new Map(state.decisions);
    past = state.past;
    position = Math.max(
      0,
      items.findIndex(({ row }) => row === state.row),
    );
  } catch {
    isStored = false;
  }
}

function current() {
  return items[shown[position]];
}

function say(text) {
  find("status").textContent = text;
}

/** Decides about the present image and goes to the next one. */
function decide(action, label) {
  const item = current();
  if (item === undefined) return;
  const own = nameOf(item.label);
  const newLabel = action === "relabel" ? nameOf(label) : "";
  const before = decisions.get(item.row);
  past.push([item.row, before ?? null]);
  const isKept = action === "relabel" && newLabel === own;
  decisions.set(item.row, {
    action: isKept ? "keep" : action,
    label: own,
    newLabel: isKept ? "" : newLabel,
    note: find("note").value.trim(),
  });
  say(`Row ${item.row}: ${describe(decisions.get(item.row))}.`);
  step(1);
}

function describe({ action, label, newLabel }) {
  if (action === "drop") return "dropped";
  return action === "keep" ? `kept as ${label}` : `relabelled as ${newLabel}`;
}

function undo() {
  const last = past.pop();
  if (last === undefined) return say("There is nothing to undo.");
  const [row, before] = last;
  if (before === null) decisions.delete(row);
  else decisions.set(row, before);
  const place = items.findIndex((item) => item.row === row);
  if (place >= 0 && !shown.includes(place)) {
    find("filter").value = "all";
    shown = items.map((_, i) => i);
  }
  if (place >= 0) position = shown.indexOf(place);
  remember();
  draw();
  say(`Row ${row}: the decision is undone.`);
}

/** Moves through the list; the note of the image that is left is stored with its decision. */
function step(by) {
  const item = current();
  const decision = item && decisions.get(item.row);
  if (decision) decision.note = find("note").value.trim();
  const next = Math.min(Math.max(position + by, 0), Math.max(0, shown.length - 1));
  if (next === position && by > 0) say("This is the last image. Save the corrections now.");
  position = next;
  remember();
  draw();
}

function picture(index, label) {
  const holder = document.createElement("template");
  holder.innerHTML = pictures[index];
  const element = holder.content.firstElementChild;
  element.setAttribute("aria-label", label);
  return element;
}

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function draw() {
  const item = current();
  const decided = items.filter(({ row }) => decisions.has(row)).length;
  find("progress").max = Math.max(1, items.length);
  find("progress").value = decided;
  find("count").textContent = `${decided} of ${items.length} decided`;
  find("stored").hidden = isStored;
  find("empty").hidden = item !== undefined;
  find("card").hidden = item === undefined;
  if (item === undefined) return;
  const own = nameOf(item.label);
  const decision = decisions.get(item.row);
  find("place").textContent = `${position + 1} / ${shown.length}`;
  find("picture").replaceChildren(picture(item.picture, `Image of row ${item.row}`));
  find("label").textContent = own;
  find("facts").textContent = `Row ${item.row}, ${item.split}`;
  find("reason").textContent = item.reason;
  find("decision").textContent = decision ? describe(decision) : "not decided";
  find("decision").dataset.action = decision?.action ?? "";
  find("note").value = decision?.note ?? "";
  drawClasses(item, decision);
  find("similar").replaceChildren(
    ...item.similar.map(({ picture: index, row, label }) => {
      const figure = make("figure");
      const caption = make("figcaption");
      caption.append(make("b", nameOf(label)), ` row ${row}`);
      figure.append(picture(index, `Image of row ${row}, ${nameOf(label)}`), caption);
      return figure;
    }),
  );
  find("similar-part").hidden = item.similar.length === 0;
}

/** One button for each class, with the probability as a bar. */
function drawClasses(item, decision) {
  const chosen = decision?.action === "keep" ? nameOf(item.label) : decision?.newLabel;
  find("classes").replaceChildren(
    ...classes.map((name, label) => {
      const button = make("button", undefined, "class");
      button.type = "button";
      const isLabel = label === item.label;
      button.setAttribute("aria-pressed", String(name === chosen));
      if (isLabel) button.classList.add("own");
      const percent = Math.round(100 * (item.probabilities[label] ?? 0));
      const bar = make("span", undefined, "bar");
      bar.style.setProperty("--share", `${percent}%`);
      const text = make("span", name, "name");
      if (isLabel) text.append(make("small", " label"));
      button.append(
        make("kbd", CLASS_KEYS[label] ?? ""),
        text,
        bar,
        make("span", `${percent} %`, "percent"),
      );
      button.addEventListener("click", () => decide("relabel", label));
      return button;
    }),
  );
}

function filter() {
  const item = current();
  const kind = find("filter").value;
  shown = [...items.keys()].filter((i) => {
    if (kind === "open") return !decisions.has(items[i].row);
    return kind === "all" || items[i].kind === kind;
  });
  position = Math.max(0, shown.indexOf(items.indexOf(item)));
  draw();
}

const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The decisions as CSV, in the order of the rows. */
function toCsv() {
  const lines = [...decisions]
    .sort(([a], [b]) => a - b)
    .map(([row, { action, label, newLabel, note }]) =>
      [String(row), action, label, newLabel, note.replace(/[\r\n]+/g, " ")].map(quote).join(","),
    );
  return `${[COLUMNS.join(","), ...lines].join("\n")}\n`;
}

function save() {
  const item = current();
  const decision = item && decisions.get(item.row);
  if (decision) decision.note = find("note").value.trim();
  remember();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([toCsv()], { type: "text/csv" }));
  link.download = "corrections.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`${decisions.size} decisions saved as corrections.csv.`);
}

/** The cells of a CSV with quotes (RFC 4180). */
function parseCsv(text) {
  const rows = [[""]];
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows.at(-1);
    const char = text[i];
    if (isQuoted) {
      if (char !== '"') row[row.length - 1] += char;
      else if (text[i + 1] === '"') row[row.length - 1] += text[++i];
      else isQuoted = false;
    } else if (char === '"') isQuoted = true;
    else if (char === ",") row.push("");
    else if (char === "\n") rows.push([""]);
    else if (char !== "\r") row[row.length - 1] += char;
  }
  return rows.filter((row) => row.length > 1 || row[0] !== "");
}

/** Replaces the decisions by those of a file. Nothing changes if a line is wrong. */
function load(text) {
  const [header = [], ...lines] = parseCsv(text.replace(/^\ufeff/, ""));
  const at = Object.fromEntries(COLUMNS.map((name) => [name, header.indexOf(name)]));
  if (COLUMNS.slice(0, 4).some((name) => at[name] < 0)) {
    return say(`The file was not loaded: expected the header ${COLUMNS.join(",")}.`);
  }
  const labelOf = new Map(items.map((item) => [item.row, nameOf(item.label)]));
  const loaded = new Map();
  for (const [i, line] of lines.entries()) {
    const cell = (name) => (line[at[name]] ?? "").trim();
    const row = Number(cell("row"));
    const [action, label, newLabel] = [cell("action"), cell("label"), cell("new label")];
    const isRow = /^\d+$/.test(cell("row")) && !loaded.has(row);
    const isRight =
      isRow &&
      ["keep", "relabel", "drop"].includes(action) &&
      classes.includes(label) &&
      (labelOf.get(row) ?? label) === label &&
      (action === "relabel" ? classes.includes(newLabel) && newLabel !== label : newLabel === "");
    if (!isRight) {
      return say(
        `The file was not loaded: entry ${i + 1} (${line.join(",")}) does not fit this data set.`,
      );
    }
    loaded.set(row, { action, label, newLabel, note: cell("note") });
  }
  decisions = loaded;
  past = [];
  remember();
  filter();
  say(`${loaded.size} decisions loaded.`);
}

const COMMANDS = { k: () => decide("keep"), d: () => decide("drop"), u: undo, s: () => step(1) };

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input[type=text], select");
  if (event.key === "Escape" && isTyping) return event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  const label = CLASS_KEYS.slice(0, classes.length).indexOf(key);
  if (key === "n") find("note").focus();
  else if (event.key === "ArrowRight") step(1);
  else if (event.key === "ArrowLeft") step(-1);
  else if (label >= 0) decide("relabel", label);
  else if (Object.hasOwn(COMMANDS, key)) COMMANDS[key]();
  else return;
  event.preventDefault();
});
for (const [id, act] of Object.entries({
  keep: () => decide("keep"),
  drop: () => decide("drop"),
  undo,
  skip: () => step(1),
  back: () => step(-1),
  save,
})) {
  find(id).addEventListener("click", act);
}
find("filter").addEventListener("change", filter);
find("load").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) load(await file.text());
  event.target.value = "";
});
window.addEventListener("pagehide", () => {
  const decision = decisions.get(current()?.row);
  if (decision) decision.note = find("note").value.trim();
  remember();
});
recall();
draw();

// The incident list and panel keep themselves current, and never take away what somebody is typing.
import { listen } from "../satukota/feed.js";

const PAUSE_MS = 1500; // fourteen cameras that join one after another are one refresh
const panel = () => document.getElementById("panel");
const list = () => document.getElementById("daftar");
const drafts = (root) => [...root.querySelectorAll("[data-draft]")].filter((field) => field.id && field.value !== field.defaultValue);

function isBusy(root) {
  const active = document.activeElement;
  return drafts(root).length > 0 || (root.contains(active) && active.matches("input, textarea, select"));
}

let waiting = 0;
function soon(refresh) {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, PAUSE_MS);
}

function refreshList() {
  const chosen = list().querySelector("[data-at]")?.dataset.number;
  const stoodThere = Boolean(document.activeElement?.closest("[data-at]"));
  window.htmx.ajax("GET", location.pathname + location.search, { target: "#daftar", swap: "innerHTML" }).then(() => {
    const row = chosen && [...list().querySelectorAll("[data-row]")].find((each) => each.dataset.number === chosen);
    row?.setAttribute("data-at", "");
    if (stoodThere) row?.querySelector("a")?.focus({ preventScroll: true });
  });
}

function refreshPanel() {
  if (isBusy(panel())) panel().querySelector("[data-changed]").hidden = false;
  else window.htmx.ajax("GET", location.pathname + location.search, { target: "#panel", swap: "outerHTML" });
}

let ownActAt = 0;
listen({
  incident_changed: (entry) => {
    if (list()) soon(refreshList);
    // what this very person just did came back with the answer already
    else if (panel()?.dataset.incident === entry.payload.number && Date.now() - ownActAt > 2000) soon(refreshPanel);
  },
  reset: () => { if (list()) soon(refreshList); else if (panel()) soon(refreshPanel); },
});

// The panel is replaced as a whole: carry over drafts of other forms and which parts stood open.
let carried = { drafts: [], open: [] };
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const root = panel();
  if (!root) return;
  const sent = root.contains(event.detail.elt) ? event.detail.elt : null;
  if (sent) ownActAt = Date.now();
  carried = {
    drafts: drafts(root).filter((field) => !sent?.contains(field)).map((field) => [field.id, field.value]),
    open: [...root.querySelectorAll("details[open]")].filter((each) => !sent || !each.contains(sent)).map(nameOf),
  };
});
const nameOf = (details) => details.querySelector("summary").textContent;
document.body.addEventListener("htmx:afterSwap", () => {
  const root = panel();
  if (!root) return;
  for (const [id, value] of carried.drafts) { const field = document.getElementById(id); if (field) field.value = value; }
  for (const details of root.querySelectorAll("details")) if (carried.open.includes(nameOf(details))) details.open = true;
  carried = { drafts: [], open: [] };
  root.querySelector("[data-focus]")?.focus();
});

// A part opened by hand or by its key puts the cursor where one types; one that merely stayed open does not.
let byHand = null;
document.addEventListener("click", (event) => { byHand = event.target.closest?.(".inc-acts summary")?.parentElement ?? null; }, true);
document.addEventListener("toggle", (event) => {
  if (event.target === byHand && byHand.open) byHand.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}, true);

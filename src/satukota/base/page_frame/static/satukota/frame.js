// The frame of every staff page: clock, ages kept current, keyboard, and the live feed shared by all parts of the page.
import { listen } from "./feed.js";

const zone = document.querySelector("[data-clock]");
const pad = (n) => String(n).padStart(2, "0");

function tick() {
  if (zone) {
    const parts = new Intl.DateTimeFormat("id-ID", { timeZone: zone.dataset.zone, hour: "2-digit", minute: "2-digit", hour12: false }).format(new Date());
    zone.textContent = `${parts.replace(":", ".")} ${zone.dataset.zoneName}`;
  }
  document.querySelectorAll("time[data-ago]").forEach((el) => { el.textContent = spanWords((Date.now() - Date.parse(el.dateTime)) / 1000); });
}

export function spanWords(seconds) {
  const s = Math.max(0, Math.floor(seconds)), en = document.documentElement.lang === "en";
  if (s < 60) return en ? `${s} seconds` : `${s} detik`;
  if (s < 3600) return `${Math.floor(s / 60)} ${en ? "minutes" : "menit"}`;
  if (s < 86400) return `${Math.floor(s / 3600)} ${en ? "h" : "jam"} ${Math.floor((s % 3600) / 60)} ${en ? "min" : "menit"}`;
  return `${Math.floor(s / 86400)} ${en ? "d" : "hari"} ${Math.floor((s % 86400) / 3600)} ${en ? "h" : "jam"}`;
}

// Lists marked data-rows: j k move the focus from row to row, Enter opens the row's first link.
function moveIn(list, step) {
  const rows = [...list.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.hasAttribute("data-at"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? 0 : now + step))];
  rows.forEach((row) => row.toggleAttribute("data-at", row === next));
  next.querySelector("a, button")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

// On a phone the sections past the fourth unfold above the bar.
const more = document.querySelector("[data-more]");
function unfold(open) {
  more.closest("nav").classList.toggle("open", open);
  more.setAttribute("aria-expanded", String(open));
}
if (more) {
  more.addEventListener("click", () => unfold(more.getAttribute("aria-expanded") === "false"));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") unfold(false); });
}

// A menu is a <details data-menu>: Escape and a click elsewhere close it, Escape gives the focus back to its button.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.stopImmediatePropagation();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
}, true);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (document.querySelector("dialog[open]")) return;
  const list = document.querySelector("[data-rows]");
  if (event.key === "?") document.getElementById("bantuan")?.showModal();
  else if (list && (event.key === "j" || event.key === "k")) moveIn(list, event.key === "j" ? 1 : -1);
  else if (list && event.key === "Enter" && event.target === document.body) list.querySelector("[data-row][data-at] a")?.click();
  else {
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    if (target.matches("input, textarea, select")) target.focus(); else target.click();
  }
  if (event.key !== "Enter") event.preventDefault();
});

// A button with data-confirm asks before it acts.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

export function toast(text, kind = "", href = "") {
  const box = document.querySelector("[data-toasts]"), el = document.createElement(href ? "a" : "div");
  el.className = `toast-ours ${kind}`;
  el.textContent = text;
  if (href) el.href = href;
  box.append(el);
  while (box.children.length > 4) box.firstChild.remove();
  setTimeout(() => el.remove(), 9000);
}

const uplink = document.querySelector("[data-uplink]");
const en = document.documentElement.lang === "en";
function showUplink(state, text) {
  if (!uplink) return;
  uplink.dataset.state = state;
  uplink.querySelector("[data-uplink-text]").textContent = text;
  uplink.title = text;
}
listen({
  state: (connected) => connected ? showUplink("ok", en ? "live" : "tersambung") : showUplink("", en ? "reconnecting…" : "menyambung ulang…"),
  pulse: (entry) => entry.payload.uplink === "lost" ? showUplink("lost", en ? "our line is down" : "jaringan kami putus") : showUplink("ok", en ? "live" : "tersambung"),
});
tick();
setInterval(tick, 1000);

// The video wall. A tile never breaks: where a camera dies its last picture stays, grey, with its age.
import { Link, askWhatIsNeeded, post } from "./live-link.js";
import { toldOf } from "./live-words.js";
import { listen } from "../satukota/feed.js";
import { toast } from "../satukota/frame.js";
import { MOST, arrangeByPointer, equalPlaces, freePlace, stepped } from "./wall-places.js";

const en = document.documentElement.lang === "en";
const root = document.querySelector("[data-wall]"), grid = root.querySelector("[data-grid]"), note = root.querySelector("[data-note]");
const setup = JSON.parse(document.getElementById("vw-setup").textContent);
const control = (name) => root.querySelector(`[data-${name}]`);
const MARKS = { up: "●", degraded: "▲", down: "■", unknown: "◇" };
const FOLLOWED_MS = 5 * 60 * 1000;
const known = new Map(); // code → what a tile must know
const tiles = [];
let wall = { pk: null, name: "", room: "", tiles: 4, places: [], cameras: setup.cameras, tour: 0, follows: false };
let page = 0, current = 0, followed = null, purpose = null, isArranging = false;

const get = async (url) => {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
};

async function learn(codes) {
  const missing = codes.filter((code) => !known.has(code));
  if (!missing.length) return;
  const { cameras } = await get(`${root.dataset.tilesUrl}?kode=${missing.map(encodeURIComponent).join(",")}`);
  for (const camera of cameras) known.set(camera.code, camera);
}

class Tile {
  constructor(place) {
    this.place = place;
    this.box = Object.assign(document.createElement("figure"), { className: "vw-tile", tabIndex: 0 });
    this.box.innerHTML = '<div class="live-stage"><div class="live-mark" role="status"></div></div><figcaption class="vw-name"></figcaption><span class="vw-corner" aria-hidden="true"></span>';
    this.stage = this.box.firstChild;
    this.mark = this.stage.firstChild;
    this.box.addEventListener("click", () => choose(this.place));
    this.name = this.box.querySelector("figcaption");
    this.box.addEventListener("dblclick", () => { if (!isArranging) enlarge(this.place); });
    grid.append(this.box);
    this.code = "";
    this.link = null;
  }

  show(code, stream) {
    if (code === this.code && stream === this.stream) return;
    this.close();
    this.code = code;
    this.stream = stream;
    const camera = known.get(code);
    this.name.replaceChildren();
    this.stage.querySelector(".vw-empty, .vw-ask")?.remove();
    if (!camera) {
      this.say("off", "");
      this.put("vw-empty", "span", code ? `${code}: ${en ? "not found, or not yours to watch" : "tidak ada, atau bukan wewenang Anda"}` : en ? "empty" : "kosong");
      return;
    }
    this.label(camera);
    if (camera.protected && !purpose && !followed) {
      this.put("btn btn-sm vw-ask", "button", en ? "Protected: say what for" : "Dilindungi: sebut keperluan").addEventListener("click", askPurpose);
      this.say("ended", "");
      return;
    }
    const why = { place: "wall", ...(camera.protected ? (followed ? { purpose: "incident", incident: followed.number } : purpose) : {}) };
    this.link = new Link({ ask: camera.ask, stage: this.stage, stream, why, onChange: () => this.draw(), onRefused: (problem) => this.refused(problem) });
  }

  label(camera) {
    const mark = document.createElement("span"), link = document.createElement("a");
    mark.className = `verdict-${camera.state}`;
    mark.textContent = `${MARKS[camera.state] ?? "◇"} `;
    link.href = camera.page;
    link.textContent = camera.code;
    link.tabIndex = -1;
    this.name.replaceChildren(mark, link, ` ${camera.name}`);
  }

  put(kind, tag, text) {
    const element = document.createElement(tag);
    if (tag === "button") element.type = "button";
    element.className = kind;
    element.textContent = text;
    this.stage.append(element);
    return element;
  }

  refused(problem) {
    this.link?.close();
    this.link = null;
    this.say("ended", `${problem.text}`);
    if (problem.code === "keperluan_belum_disebut") purpose = null;
  }

  draw() {
    if (!this.link) return;
    const { state, text } = toldOf(this.link);
    this.say(state, text);
  }

  say(state, text) {
    if (this.box.dataset.state !== state) this.box.dataset.state = state;
    if (this.mark.textContent !== text) this.mark.textContent = text;
  }

  stand() {
    const [x, y, width, height] = wall.places[this.place] ?? [];
    this.box.style.gridArea = width ? `${y + 1} / ${x + 1} / span ${height} / span ${width}` : "";
  }

  close() { this.link?.close(); this.link = null; this.code = ""; }
}

// The small stream where many are looked at; a tile that takes half of the wall or more is worth the large one.
function streamOf(place) {
  const [, , width, height] = wall.places[place] ?? [];
  return wall.tiles === 1 || width * height >= 72 ? "main" : "sub";
}

// What is on the wall now: the followed incident's cameras, or this page of the tour.
function shown() {
  const all = followed ? followed.codes : wall.cameras, pages = Math.max(1, Math.ceil(all.length / wall.tiles));
  page = ((page % pages) + pages) % pages;
  return Array.from({ length: wall.tiles }, (_, place) => all[page * wall.tiles + place] ?? "");
}

async function draw() {
  const codes = shown();
  try { await learn(codes.filter(Boolean)); } catch { setTimeout(draw, 2000); return; }
  while (tiles.length > wall.tiles) { const tile = tiles.pop(); tile.close(); tile.box.remove(); }
  while (tiles.length < wall.tiles) tiles.push(new Tile(tiles.length));
  grid.dataset.tiles = wall.tiles;
  grid.classList.toggle("is-free", wall.places.length > 0);
  codes.forEach((code, place) => { tiles[place].stand(); tiles[place].show(code, streamOf(place)); });
  choose(Math.min(current, wall.tiles - 1));
  showNote();
}

function choose(place) {
  current = Math.max(0, Math.min(tiles.length - 1, place));
  tiles.forEach((tile, at) => tile.box.toggleAttribute("aria-current", at === current));
}

function enlarge(place) {
  const is = tiles[place]?.box.classList.contains("is-large");
  tiles.forEach((tile) => tile.box.classList.remove("is-large"));
  grid.classList.toggle("has-large", !is);
  if (is || !tiles[place]) { tiles.forEach((tile) => tile.code && tile.show(tile.code, streamOf(tile.place))); return; }
  tiles[place].box.classList.add("is-large");
  tiles[place].show(tiles[place].code, "main");
}

function askPurpose() {
  const dialog = document.querySelector("[data-purpose-dialog]"), form = dialog.querySelector("form");
  askWhatIsNeeded(form);
  dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "open") return;
    purpose = Object.fromEntries(new FormData(form));
    redraw();
  }, { once: true });
}

function redraw() { tiles.forEach((tile) => { if (known.get(tile.code)?.protected) tile.close(); }); draw(); }

function use(layout) {
  wall = { ...wall, ...layout };
  control("tiles").value = wall.places.length ? "bebas" : String(wall.tiles);
  arrange(isArranging && wall.places.length > 0);
  control("tour").value = String(wall.tour);
  control("follows").checked = wall.follows;
  control("layouts").value = wall.pk ?? "";
  const second = control("second");
  second.href = wall.pk ? `${root.dataset.pageUrl}?susunan=${wall.pk}` : root.dataset.pageUrl;
  page = 0;
  startTour();
  draw();
}

// The tour turns the page; it waits while one picture is large or an incident is followed.
let tour = null;
function startTour() {
  clearInterval(tour);
  tour = wall.tour > 0 ? setInterval(() => { if (!followed && !grid.classList.contains("has-large")) { page++; draw(); } }, Math.max(5, wall.tour) * 1000) : null;
}

function showNote() {
  note.hidden = !followed;
  if (!followed) { note.replaceChildren(); return; }
  const back = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: en ? "Back" : "Kembali" });
  back.addEventListener("click", unfollow);
  note.replaceChildren(`${en ? "Following" : "Mengikuti"} ${followed.number} ${followed.title}`, back);
}

async function follow({ number, title }) {
  try {
    const { codes } = await get(`${root.dataset.nearUrl.replace("NOMOR", encodeURIComponent(number))}?petak=${wall.tiles}`);
    if (!codes.length) return;
    clearTimeout(followed?.timer);
    followed = { number, title, codes, timer: setTimeout(unfollow, FOLLOWED_MS) };
    page = 0;
    draw();
  } catch { toast(en ? "The cameras near the incident could not be found." : "Kamera di dekat insiden tidak dapat dicari.", "down"); }
}

function unfollow() {
  clearTimeout(followed?.timer);
  followed = null;
  draw();
}

listen({
  incident_changed: ({ payload }) => { if (wall.follows && payload.act === "opened" && payload.state !== "closed") follow(payload); },
  status_changed: ({ payload }) => {
    const camera = known.get(payload.code);
    if (!camera) return;
    camera.state = payload.state;
    tiles.filter((tile) => tile.code === payload.code).forEach((tile) => tile.label(camera));
  },
});

control("tiles").addEventListener("change", ({ target }) => {
  if (target.value !== "bebas") { use({ tiles: Number(target.value), places: [] }); return; }
  use({ places: equalPlaces(wall.tiles) });
  arrange(true);
  target.blur(); // the keys are for the tiles now
});

// Arranging a free wall: tiles are moved and sized by mouse or by arrows, added and taken away.
function arrange(on) {
  if (on && !wall.places.length) use({ places: equalPlaces(wall.tiles) });
  if (on && grid.classList.contains("has-large")) enlarge(current);
  isArranging = on;
  grid.classList.toggle("is-arranging", on);
  control("arrange").setAttribute("aria-pressed", String(on));
  root.querySelector("[data-keys]").hidden = on;
  root.querySelector("[data-arranging]").hidden = !on;
}

function stand(at, place) { wall.places = wall.places.with(at, place); tiles[at].stand(); }

function addTile() {
  const place = freePlace(wall.places);
  if (!place) { toast(en ? "There is no room for another tile." : `Tidak ada tempat lagi (paling banyak ${MOST} petak).`); return; }
  use({ places: [...wall.places, place], tiles: wall.places.length + 1 });
  choose(tiles.length - 1);
}

function removeTile() {
  if (wall.places.length < 2) return;
  const gone = page * wall.tiles + current;
  use({ places: wall.places.filter((_, at) => at !== current), tiles: wall.places.length - 1, cameras: wall.cameras.filter((_, at) => at !== gone) });
}

const arranging = {
  e: () => arrange(false), Escape: () => arrange(false), n: addTile, Delete: removeTile,
  ...Object.fromEntries(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].map((key) => [key, (event) => {
    stand(current, stepped(wall.places, current, key, event.shiftKey));
    tiles[current].show(tiles[current].code, streamOf(current));
  }])),
};
arrangeByPointer(grid, { isOn: () => isArranging, places: () => wall.places, put: stand });
control("arrange").addEventListener("click", ({ currentTarget }) => { arrange(!isArranging); currentTarget.blur(); });
control("tour").addEventListener("change", ({ target }) => use({ tour: Math.max(0, Number(target.value) || 0) }));
control("follows").addEventListener("change", ({ target }) => { wall.follows = target.checked; if (!target.checked && followed) unfollow(); });
control("layouts").addEventListener("change", ({ target }) => { const found = setup.layouts.find((one) => String(one.pk) === target.value); if (found) { history.replaceState(null, "", `?susunan=${found.pk}`); use(found); } });
control("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()));

const add = control("add"), found = document.getElementById("vw-found");
let typing = null;
add.addEventListener("input", () => {
  const text = add.value.trim();
  if (known.has(text)) { put(text); return; }
  clearTimeout(typing);
  typing = setTimeout(async () => {
    if (text.length < 2) return;
    const { cameras } = await get(`${root.dataset.tilesUrl}?q=${encodeURIComponent(text)}`);
    for (const camera of cameras) known.set(camera.code, camera);
    found.replaceChildren(...cameras.map((camera) => new Option(`${camera.code} ${camera.name}`, camera.code)));
  }, 200);
});
add.addEventListener("change", () => { const code = add.value.trim().toUpperCase(); if (known.has(code)) put(code); });
function put(code) {
  add.value = "";
  if (wall.cameras.includes(code)) { toast(en ? "Already on this wall." : "Sudah ada di dinding ini."); return; }
  const empty = wall.cameras.indexOf("");
  wall.cameras = empty >= 0 ? wall.cameras.with(empty, code) : [...wall.cameras, code];
  page = Math.floor(wall.cameras.indexOf(code) / wall.tiles);
  draw();
}
function takeOff() {
  if (followed) return;
  wall.cameras = wall.cameras.filter((code, at) => at !== page * wall.tiles + current);
  draw();
}

control("save").addEventListener("click", () => {
  const dialog = document.querySelector("[data-save-dialog]"), form = dialog.querySelector("form");
  form.elements.name.value = wall.name;
  form.elements.room.value = wall.room;
  dialog.showModal();
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "save") return;
    const answer = await post(root.dataset.saveUrl, { ...Object.fromEntries(new FormData(form)), tiles: wall.tiles, places: wall.places.map((one) => one.join(",")).join(";"), cameras: wall.cameras.filter(Boolean).join(","), tour: wall.tour, follows: wall.follows ? 1 : 0 });
    if (!answer.ok) { toast(answer.problem ? `${answer.problem.text} ${answer.problem.fix}` : en ? "Not saved." : "Tidak tersimpan.", "down"); return; }
    location.assign(`${root.dataset.pageUrl}?susunan=${answer.told.pk}`);
  }, { once: true });
});
control("remove").addEventListener("click", async () => {
  if (!wall.pk || !window.confirm(en ? `Remove the wall “${wall.name}”?` : `Hapus susunan “${wall.name}”?`)) return;
  if ((await post(root.dataset.removeUrl, { pk: wall.pk })).ok) location.assign(root.dataset.pageUrl);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || event.target.closest("input, textarea, select, button, a")) return;
  const acts = {
    ArrowRight: () => { page++; draw(); }, ArrowLeft: () => { page--; draw(); }, Enter: () => enlarge(current),
    t: () => use({ tour: wall.tour ? 0 : 20 }), f: () => control("follows").click(), p: () => control("full").click(), Delete: takeOff, e: () => arrange(true),
  };
  const act = (isArranging ? arranging : acts)[event.key] ?? (/^[1-9]$/.test(event.key) ? () => choose(Number(event.key) - 1) : null);
  if (!act) return;
  act(event);
  event.preventDefault();
});

setInterval(() => tiles.forEach((tile) => tile.draw()), 250);
addEventListener("pagehide", () => tiles.forEach((tile) => tile.close()));
use(setup.layouts.find((one) => one.pk === setup.chosen) ?? {});

// Coba kamera: put a camera on the map, drag and turn it, and see what it would see and change. A and B side by side.
import { colour, get, maplibregl } from "../satukota/base-map.js";
import { Painter } from "./trial-paint.js";
import { EMPTY, reach, toDegrees, toMetres, viewOf } from "./trial-view.js";
import { toast } from "../satukota/frame.js";

const FIELDS = { bearing_deg: "bearing", fov_deg: "fov", range_m: "range", height_m: "height", width: "width", lon: "lon", lat: "lat" };
const SAVED = ["lon", "lat", "bearing_deg", "fov_deg", "range_m", "height_m"];
const NEW = { bearing: 0, fov: 80, range: 150, height: 4, width: 1920, code: "", was: null, mayEdit: false };
const GRID = 1000, MARGIN_M = 180, LEAST_RADIUS_M = 250, MOST_RADIUS_M = 800; // buildings are asked for on a grid of 0.001 degrees
const ASK_AFTER_MS = 120, ARM_PX = 92, CLOSE_ZOOM = 17, UNDO_MS = 15000;
const STEP = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
const token = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
const turned = (degrees) => ((degrees % 360) + 360) % 360;
const number = (value, digits = 0) => new Intl.NumberFormat(document.documentElement.lang || "id", { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

/** The trial of this page, or null for who does not plan. `asked` tells the time and sharpness the page shows. */
export function offerTrial(map, asked) {
  const box = document.getElementById("coba");
  return box ? new Trial(map, box, asked) : null;
}

class Trial {
  constructor(map, box, asked) {
    Object.assign(this, { map, box, asked, trials: { A: null, B: null }, active: "A", isOn: false, due: false });
    this.form = box.querySelector("form");
    this.words = box.dataset;
    this.panel = document.getElementById("panel");
    this.stage = document.getElementById("peta");
    this.button = document.getElementById("coba-buka");
    const bands = JSON.parse(document.getElementById("coba-tajam").textContent).map(([name, px]) => ({ px, name, fill: colour(`trial-${name}`) }));
    this.painter = new Painter(map, bands, { edge: colour("trial-edge"), dim: colour("trial-dim") });
    this.bands = bands;
    this.#listen();
  }

  get one() { return this.trials[this.active]; }

  #listen() {
    const { map, form, box } = this;
    this.button?.addEventListener("click", () => (this.isOn ? this.close() : this.open()));
    box.querySelector("[data-close]").addEventListener("click", () => this.close());
    box.querySelector("[data-centre]").addEventListener("click", () => this.#put(map.getCenter()));
    box.querySelector("[data-drop]").addEventListener("click", () => this.#drop());
    box.querySelectorAll("[name=yang]").forEach((radio) => radio.addEventListener("change", () => this.#choose(radio.value)));
    form.addEventListener("input", (event) => { if (event.target.name in FIELDS) this.#typed(event.target); });
    form.addEventListener("change", (event) => { if (event.target.name === "kamera") this.#pick(event.target.value.trim()); });
    form.addEventListener("submit", (event) => { event.preventDefault(); if (event.submitter?.hasAttribute("data-save")) this.#save(); });
    map.on("click", (event) => { if (this.isOn) this.#clicked(event); });
    map.on("move", () => this.#redraw());
    map.on("resize", () => this.#redraw());
    document.getElementById("tanya")?.addEventListener("change", () => { for (const letter of "AB") this.#askSoon(letter); });
  }

  open() {
    this.isOn = true;
    this.stage.dataset.trial = "1";
    this.button?.setAttribute("aria-expanded", "true");
    [this.box.hidden, this.panel.hidden] = [false, true];
    document.querySelector(".legend-box").hidden = true;
    this.#offerCameras();
    this.#show();
    this.#redraw();
    this.map.resize();
    if (matchMedia("(max-width: 900px)").matches) this.stage.closest(".map-stage").scrollIntoView({ block: "start" });
  }

  close() {
    this.isOn = false;
    delete this.stage.dataset.trial;
    this.button?.setAttribute("aria-expanded", "false");
    [this.box.hidden, this.panel.hidden] = [true, false];
    document.querySelector(".legend-box").hidden = false;
    this.#remember();
    this.#redraw();
    this.map.resize();
    this.button?.focus();
  }

  async #offerCameras() {
    const list = document.getElementById("coba-kamera-daftar");
    if (list.children.length) return;
    const found = await get(`${this.stage.dataset.api}/map/cameras`).catch(() => ({ features: [] }));
    list.replaceChildren(...found.features.map(({ properties }) => Object.assign(document.createElement("option"), { value: properties.code, label: properties.name ?? "" })));
  }

  #clicked(event) {
    const layers = this.map.getLayer("camera") ? ["camera"] : [];
    const camera = layers.length && this.map.queryRenderedFeatures(event.point, { layers })[0];
    if (camera) this.#pick(camera.properties.code);
    else if (!this.one) this.#put(event.lngLat); // one that stands is dragged, not lost by a slip
  }

  /** Put the chosen letter there: what was typed stays, a camera picked before is let go. */
  #put({ lng, lat }) {
    const before = this.one ?? this.trials[this.active === "A" ? "B" : "A"] ?? NEW;
    this.#set({ ...NEW, ...pickFrom(before), lon: lng, lat });
    if (this.map.getZoom() < CLOSE_ZOOM - 1.5) this.map.easeTo({ center: [lng, lat], zoom: CLOSE_ZOOM, duration: 150 });
    this.one.marks[1].getElement().focus({ preventScroll: true });
  }

  async #pick(code) {
    if (!code) return;
    const letter = this.active;
    const answer = await fetch(this.words.camera.replace("KODE", encodeURIComponent(code)), { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (!answer.ok) { this.#say(this.words.wordsNoCamera); return; }
    const told = await answer.json();
    if (told.lon === null || told.lat === null) { this.#say(this.words.wordsNoPlace); return; }
    this.active = letter;
    const eye = { lon: told.lon, lat: told.lat, bearing: told.bearing_deg ?? 0, fov: told.fov_deg ?? NEW.fov, range: told.range_m ?? NEW.range, height: told.height_m ?? NEW.height, width: told.width ?? NEW.width };
    this.#set({ ...NEW, ...eye, code: told.code, was: pickSaved(told), begun: { ...eye }, mayEdit: told.may_edit });
    this.map.easeTo({ center: [eye.lon, eye.lat], zoom: Math.max(CLOSE_ZOOM, this.map.getZoom()), duration: 150 });
  }

  #set(facts) {
    const old = this.one;
    old?.marks.forEach((mark) => mark.remove());
    const trial = { ground: EMPTY, view: null, outcome: null, ...facts };
    this.trials[this.active] = trial;
    trial.marks = this.#marks(this.active, trial);
    this.#show();
    this.#changed(this.active);
  }

  #drop() {
    this.one?.marks.forEach((mark) => mark.remove());
    this.trials[this.active] = null;
    this.#show();
    this.#remember();
    this.#redraw();
  }

  #choose(letter) {
    this.active = letter;
    this.#show();
    this.#redraw();
  }

  /** Two handles on the map: the camera itself, and the end of its arm. Both can be dragged and moved by keys. */
  #marks(letter, trial) {
    const handle = (name, role, words) => {
      const el = document.createElement("button");
      el.type = "button";
      el.className = `trial-${name}`;
      el.textContent = name === "foot" ? letter : "";
      el.setAttribute("aria-label", words.replace("%s", letter));
      if (role) el.setAttribute("role", role);
      el.addEventListener("click", (event) => { event.stopPropagation(); this.#activate(letter); });
      return el;
    };
    const foot = handle("foot", "", this.words.wordsFoot), arm = handle("arm", "slider", this.words.wordsArm);
    arm.setAttribute("aria-valuemin", "0");
    arm.setAttribute("aria-valuemax", "359");
    foot.addEventListener("keydown", (event) => this.#walked(event, letter));
    arm.addEventListener("keydown", (event) => this.#turned(event, letter));
    const marks = [foot, arm].map((element) => new maplibregl.Marker({ element, draggable: true }).setLngLat([trial.lon, trial.lat]).addTo(this.map));
    for (const el of [foot, arm]) el.setAttribute("tabindex", "0");
    marks[0].on("drag", () => { const at = marks[0].getLngLat(); [trial.lon, trial.lat] = [at.lng, at.lat]; this.#moving(letter); });
    marks[1].on("drag", () => {
      const from = this.map.project([trial.lon, trial.lat]), to = this.map.project(marks[1].getLngLat());
      trial.bearing = Math.round(turned((Math.atan2(to.x - from.x, from.y - to.y) * 180) / Math.PI) * 10) / 10 % 360;
      this.#moving(letter);
    });
    for (const mark of marks) {
      mark.on("dragstart", () => this.#activate(letter));
      mark.on("dragend", () => this.#changed(letter));
    }
    return marks;
  }

  #activate(letter) {
    if (this.active !== letter) this.#choose(letter);
  }

  #turned(event, letter) {
    const step = STEP[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    this.#activate(letter);
    event.preventDefault();
    event.stopPropagation();
    this.one.bearing = turned(Math.round((this.one.bearing + step * (event.shiftKey ? 10 : 1)) * 10) / 10);
    this.#changed(letter);
  }

  /** A step of a metre, ten with shift. */
  #walked(event, letter) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    this.#activate(letter);
    event.preventDefault();
    event.stopPropagation();
    const trial = this.one, far = event.shiftKey ? 10 : 1, metre = 1 / 111_195;
    trial.lon += (step[0] * far * metre) / Math.cos((trial.lat * Math.PI) / 180);
    trial.lat += step[1] * far * metre;
    this.#changed(letter);
  }

  #typed(field) {
    const trial = this.one, value = field.valueAsNumber;
    if (!trial || !field.validity.valid || !Number.isFinite(value)) return;
    trial[FIELDS[field.name]] = field.name === "bearing_deg" ? turned(value) : value;
    this.#changed(this.active, field);
  }

  #moving(letter) {
    this.trials[letter].stale = true;
    this.#fill();
    this.#surround(this.trials[letter]);
    this.#redraw();
  }

  #changed(letter, typedIn = null) {
    this.trials[letter].stale = true;
    this.#fill(typedIn);
    this.#surround(this.trials[letter]);
    this.#redraw();
    this.#askSoon(letter);
  }

  /** The buildings around, asked for anew when the camera came near their border. Until they are there the old ones stay. */
  async #surround(trial) {
    const { ground } = trial, [x, y] = toMetres(ground, trial.lon, trial.lat);
    const need = Math.min(trial.range, MOST_RADIUS_M - MARGIN_M);
    if (ground !== EMPTY && Math.hypot(x, y) + need <= ground.radius) return;
    const lon = Math.round(trial.lon * GRID) / GRID, lat = Math.round(trial.lat * GRID) / GRID;
    const radius = Math.min(MOST_RADIUS_M, Math.max(LEAST_RADIUS_M, Math.ceil(need / 50) * 50 + MARGIN_M));
    const address = `${this.words.around}?lon=${lon}&lat=${lat}&radius=${radius}`;
    if (trial.asking === address) return;
    trial.asking = address;
    const found = await get(address).catch(() => null);
    if (trial.asking !== address) return;
    trial.asking = "";
    if (!found) { trial.asking = address; this.#say(this.words.wordsNoGround); return; }
    trial.ground = found;
    this.box.querySelector("[data-cut]").hidden = !found.is_cut;
    this.#redraw();
  }

  #redraw() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => { this.due = false; this.#paint(); });
  }

  #paint() {
    const shown = this.isOn ? Object.entries(this.trials).filter(([, trial]) => trial) : [];
    for (const [, trial] of shown) {
      this.#see(trial);
      const arm = (trial.bearing * Math.PI) / 180, from = this.map.project([trial.lon, trial.lat]);
      trial.marks[0].setLngLat([trial.lon, trial.lat]);
      trial.marks[1].setLngLat(this.map.unproject([from.x + ARM_PX * Math.sin(arm), from.y - ARM_PX * Math.cos(arm)]));
    }
    for (const trial of Object.values(this.trials)) trial?.marks.forEach((mark) => { mark.getElement().hidden = !this.isOn; });
    shown.sort(([one]) => (one === this.active ? 1 : -1));
    this.painter.paint(shown.map(([letter, trial]) => ({ ground: trial.ground, view: trial.view, isActive: letter === this.active, letter })));
    this.stage.dataset.trialFrames = String(this.painter.frames);
  }

  #see(trial) {
    const { ground, bearing, fov, height, width } = trial, [x, y] = toMetres(ground, trial.lon, trial.lat);
    const eye = { x, y, bearing, fov, range: Math.min(trial.range, MOST_RADIUS_M - MARGIN_M), height, width };
    if (trial.view && trial.seen === ground && Object.keys(eye).every((key) => trial.view.eye[key] === eye[key])) return;
    trial.seen = ground;
    trial.view = ground === EMPTY ? { ring: [], low: [], eye } : viewOf(ground, eye);
  }

  #show() {
    const trial = this.one;
    this.box.querySelectorAll("[name=yang]").forEach((radio) => { radio.checked = radio.value === this.active; });
    this.box.querySelector("[data-empty]").hidden = Boolean(trial);
    this.box.querySelector("[data-figures]").hidden = !trial;
    this.form.elements.kamera.value = trial?.code ?? "";
    this.#fill();
    this.#tell();
  }

  /** The figures of the form, the handles' words and the reaches in the legend. The field one types in is left alone. */
  #fill(typedIn = null) {
    const trial = this.one;
    if (!trial) return;
    for (const [name, key] of Object.entries(FIELDS)) {
      const field = this.form.elements[name];
      if (field !== typedIn) field.value = key === "lon" || key === "lat" ? trial[key].toFixed(6) : String(Math.round(trial[key] * 10) / 10);
    }
    const arm = trial.marks?.[1].getElement();
    arm?.setAttribute("aria-valuenow", String(Math.round(trial.bearing) % 360));
    arm?.setAttribute("aria-valuetext", `${number(trial.bearing)}°`);
    for (const { name, px } of this.bands) {
      const far = reach(trial, px);
      this.box.querySelector(`[data-reach=${name}]`).textContent = far > 0 ? this.words.wordsReach.replace("%n", number(far)) : this.words.wordsNever;
    }
    const save = this.form.querySelector("[data-save]");
    save.hidden = !trial.mayEdit;
    save.disabled = !trial.mayEdit || !Object.keys(changes(trial)).length;
  }

  #askSoon(letter) {
    const trial = this.trials[letter];
    if (!trial) return;
    clearTimeout(trial.timer);
    trial.timer = setTimeout(() => { this.#remember(); this.#ask(trial); }, ASK_AFTER_MS);
  }

  async #ask(trial) {
    const { page } = this.asked(), question = new URLSearchParams({ kamera: trial.code });
    for (const [name, key] of Object.entries(FIELDS)) question.set(name, key === "lon" || key === "lat" ? trial[key].toFixed(7) : trial[key]);
    for (const name of ["waktu", "tajam"]) if (page.has(name)) question.set(name, page.get(name));
    const mine = (trial.turn = (trial.turn ?? 0) + 1);
    const answer = await fetch(`${this.words.outcome}?${question}`, { credentials: "same-origin", headers: { Accept: "application/json" } }).catch(() => null);
    const told = await answer?.json().catch(() => null);
    if (mine !== trial.turn) return;
    trial.outcome = answer?.ok ? told : null;
    trial.problem = answer?.ok ? "" : this.#why(told);
    trial.stale = false;
    this.#tell();
  }

  #why(told) { return told?.error ? `${told.error.text} ${told.error.fix}` : this.words.wordsNoAnswer; }

  #say(text) { this.box.querySelector("[data-told]").textContent = text; }

  #sentence(trial) {
    if (!trial) return "";
    if (trial.problem) return trial.problem;
    const told = trial.outcome, w = this.words;
    if (!told) return w.wordsCounting;
    if (!told.measured) return w.wordsNotMeasured;
    if (told.is_inside) return w.wordsInside;
    const amount = ({ metres, places }) => [w.wordsMetres.replace("%m", number(metres)), places ? w.wordsPlaces.replace("%p", number(places)) : ""].filter(Boolean).join(", ");
    const parts = [told.sees.share > 0 ? w.wordsSees.replace("%s", amount(told.sees)) : w.wordsSeesNothing];
    if (told.lost.share > 0) parts.push(w.wordsLost.replace("%s", amount(told.lost)));
    if (told.sees.share > 0) parts.push(told.new.share > 0 ? w.wordsNew.replace("%s", amount(told.new)) : w.wordsNothingNew);
    return `${parts.join("; ")}.`;
  }

  #tell() {
    const percent = (value, digits = 2) => (value === null || value === undefined ? "–" : `${number(value * 100, digits)} %`);
    this.#say(this.#sentence(this.one));
    const signed = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${number(Math.abs(value) * 100, 2)}`;
    const { A, B } = this.trials, both = [A, B].map((trial) => (trial?.outcome?.measured ? trial.outcome : null));
    const table = this.box.querySelector("[data-table]");
    table.hidden = !both.some(Boolean);
    const amount = (one) => (one ? `${number(one.metres)} m · ${number(one.places)}` : "–");
    const rows = [["sees", (o) => amount(o.sees)], ["new", (o) => amount(o.new)], ["unreached", (o) => amount(o.unreached)], ["lost", (o) => amount(o.lost)], ["dim", (o) => amount(o.dim)], ["city", (o) => (o.after === null ? "–" : `${signed(o.after - o.before)}`)], ["after", (o) => percent(o.after)]];
    for (const [name, words] of rows) both.forEach((one, at) => { table.querySelector(`[data-row=${name}]`).cells[at + 1].textContent = one ? words(one) : "–"; });
    const areas = new Map();
    both.forEach((one, at) => one?.areas.forEach((area) => { const row = areas.get(area.code) ?? { name: area.name, cells: ["–", "–"] }; row.cells[at] = signed(area.after - area.before); areas.set(area.code, row); }));
    this.box.querySelector("[data-areas]").replaceChildren(...[...areas.values()].map(({ name, cells }) => {
      const row = document.createElement("tr"), head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
      row.append(head, ...cells.map((cell) => Object.assign(document.createElement("td"), { className: "num", textContent: cell })));
      return row;
    }));
    table.querySelectorAll("[data-letter]").forEach((cell) => cell.classList.toggle("is-active", cell.dataset.letter === this.active));
  }

  async #save(values = null, was = null, code = "") {
    const trial = this.one, isUndo = values !== null;
    const sent = values ?? changes(trial), before = was ?? trial.was, name = code || trial.code;
    const label = (key) => this.form.elements[key].closest("label").querySelector("span").textContent;
    const said = (key, value) => (value === null ? "–" : number(value, key === "lon" || key === "lat" ? 6 : 1));
    const list = Object.entries(sent).map(([key, value]) => `${label(key)}: ${said(key, before[key])} → ${said(key, value)}`);
    if (!isUndo && !window.confirm(`${this.words.wordsConfirm.replace("%s", name)}\n\n${list.join("\n")}`)) return;
    const body = new URLSearchParams({ was: JSON.stringify(before) });
    for (const [key, value] of Object.entries(sent)) body.set(key, value ?? "");
    const answer = await fetch(this.words.save.replace("KODE", encodeURIComponent(name)), { method: "POST", credentials: "same-origin", headers: { Accept: "application/json", "X-CSRFToken": token() }, body }).catch(() => null);
    const told = await answer?.json().catch(() => null);
    if (!answer?.ok) { this.#say(this.#why(told)); return; }
    toast(isUndo ? this.words.wordsUndone : this.words.wordsSaved, "up");
    for (const each of Object.values(this.trials)) if (each?.code === name) Object.assign(each, { was: told.now, begun: pickFrom(each) });
    if (isUndo) await this.#pick(name);
    else this.#offerUndo(name, sent, told);
    this.#fill();
  }

  #offerUndo(code, sent, told) {
    const undo = this.box.querySelector("[data-undo]");
    const values = Object.fromEntries(Object.keys(sent).map((name) => [name, told.before[name]]));
    undo.hidden = false;
    clearTimeout(this.undoTimer);
    undo.onclick = () => { undo.hidden = true; this.#save(values, told.now, code); };
    this.undoTimer = setTimeout(() => { undo.hidden = true; }, UNDO_MS);
    undo.focus();
  }

  /** What is tried stands in the address, to be kept, sent, or opened on the wall. */
  #remember() {
    const told = this.isOn ? Object.entries(this.trials).filter(([, trial]) => trial).map(([letter, t]) => [letter, t.lon.toFixed(6), t.lat.toFixed(6), t.bearing, t.fov, t.range, t.height, t.width, encodeURIComponent(t.code)].join(",")) : [];
    history.replaceState(null, "", `${location.pathname}${location.search}${told.length ? `#coba=${told.join(";")}` : ""}`);
  }

  /** Open what the address tells, once the map is drawn. */
  restore() {
    const told = new URLSearchParams(location.hash.slice(1)).get("coba");
    if (!told) return;
    const keys = ["lon", "lat", "bearing", "fov", "range", "height", "width"];
    const found = told.split(";").slice(0, 2).map((part) => { const [letter, ...values] = part.split(","); return { letter, ...Object.fromEntries(keys.map((key, at) => [key, Number(values[at])])) }; });
    const good = found.filter((one) => one.letter in this.trials && keys.every((key) => Number.isFinite(one[key])) && one.fov > 0 && one.fov <= 360 && one.range > 0 && one.height >= 0 && one.width > 0 && Math.abs(one.lat) < 85 && Math.abs(one.lon) <= 180);
    if (!good.length) return;
    this.open();
    for (const { letter, ...eye } of good.reverse()) { this.active = letter; this.#set({ ...NEW, ...eye }); }
    this.map.jumpTo({ center: [this.one.lon, this.one.lat], zoom: CLOSE_ZOOM });
  }
}

const pickFrom = ({ lon, lat, bearing, fov, range, height, width }) => ({ lon, lat, bearing, fov, range, height, width });
const pickSaved = (told) => Object.fromEntries(SAVED.map((name) => [name, told[name]]));

/** Of a registered camera what a hand changed since, by the register's names. What was not touched is not written. */
function changes(trial) {
  if (!trial.was) return {};
  return Object.fromEntries(SAVED.flatMap((name) => {
    const value = trial[FIELDS[name]], isPlace = name === "lon" || name === "lat";
    const moved = isPlace ? trial.lon !== trial.begun.lon || trial.lat !== trial.begun.lat : value !== trial.begun[FIELDS[name]];
    return moved ? [[name, isPlace ? Number(value.toFixed(6)) : value]] : [];
  }));
}

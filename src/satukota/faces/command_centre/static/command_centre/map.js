// The city map: cameras by verdict, what they see and where that went blind, links; kept current by the live feed, turned back by the slider.
import { addImages, colour, drawBase, drawViews, get, large, makeMap, maplibregl, MOVE_MS, NOTHING, text } from "../satukota/base-map.js";
import { listen } from "../satukota/feed.js";
import { toast } from "../satukota/frame.js";

const stage = document.getElementById("peta"), api = stage.dataset.api;
const CLOSE_ZOOM = 16; // the view of one camera is told apart from its neighbours'
const RANK = { unknown: 1, maintenance: 1, up: 0, degraded: 2, down: 3 };
const cameras = new Map(); // code → feature, as measured now
let shown = new Map(); // code → state while the map is turned back; empty: now
const bounds = JSON.parse(document.getElementById("peta-batas")?.textContent ?? "null");

const map = makeMap(stage, bounds);

function drawThings() {
  drawViews(map);
  map.addSource("cameras", { type: "geojson", data: NOTHING, cluster: true, clusterMaxZoom: 13, clusterRadius: 22, clusterProperties: { worst: ["max", ["get", "rank"]], bad: ["+", ["case", [">=", ["get", "rank"], 2], 1, 0]] } });
  map.addLayer({ id: "clusters", type: "circle", source: "cameras", filter: ["has", "point_count"], paint: { "circle-radius": ["step", ["get", "point_count"], 11 * large, 10, 14 * large, 50, 18 * large], "circle-color": colour("card"), "circle-stroke-width": 3, "circle-stroke-color": ["match", ["get", "worst"], 3, colour("down"), 2, colour("degraded-fill"), 1, colour("unknown"), colour("up")] } });
  map.addLayer({ id: "cluster-count", type: "symbol", source: "cameras", filter: ["has", "point_count"], ...text(["get", "point_count_abbreviated"], 12 * large, { "text-allow-overlap": true }), paint: { "text-color": colour("ink") } });
  // Told apart by shape as well: a cluster wears the mark of the worst verdict inside, unless all is well.
  map.addLayer({ id: "cluster-worst", type: "symbol", source: "cameras", filter: ["all", ["has", "point_count"], [">", ["get", "worst"], 0]], layout: { "icon-image": ["match", ["get", "worst"], 3, "down", 2, "degraded", "unknown"], "icon-size": 0.8, "icon-offset": [15, -15], "icon-allow-overlap": true, "icon-ignore-placement": true } });
  map.addLayer({ id: "chosen", type: "circle", source: "cameras", filter: ["==", ["get", "code"], ""], paint: { "circle-radius": 15, "circle-color": "transparent", "circle-stroke-width": 3, "circle-stroke-color": colour("accent") } });
  map.addLayer({ id: "camera", type: "symbol", source: "cameras", filter: ["!", ["has", "point_count"]], layout: { "icon-image": ["get", "state"], "icon-allow-overlap": true, "symbol-sort-key": ["get", "rank"], "text-field": ["step", ["zoom"], "", 14.5, ["get", "code"]], "text-font": ["Plus Jakarta Sans Variable"], "text-size": 11, "text-offset": [0, 1.1], "text-anchor": "top", "text-optional": true }, paint: { "text-color": colour("ink"), "text-halo-color": colour("map-land"), "text-halo-width": 1.4 } });
}

function redraw() {
  const features = [], seen = [];
  for (const { point, view, properties } of cameras.values()) {
    const state = shown.get(properties.code) ?? (properties.maintenance && !shown.size ? "maintenance" : properties.state);
    const told = { ...properties, state, rank: RANK[state] ?? 1 };
    features.push({ type: "Feature", geometry: point, properties: told });
    if (view) seen.push({ type: "Feature", geometry: view, properties: { code: told.code, state } });
  }
  map.getSource("cameras")?.setData({ type: "FeatureCollection", features });
  map.getSource("views")?.setData({ type: "FeatureCollection", features: seen });
}

async function loadCameras() {
  const { features } = await get(`${api}/cameras`);
  const known = new Map([...cameras].map(([code, { view }]) => [code, view]));
  cameras.clear();
  for (const { geometry, properties } of features) cameras.set(properties.code, { point: geometry, view: known.get(properties.code), properties });
  redraw();
  loadViews().catch((problem) => console.warn(problem)); // points first: shapes may have to be calculated
}

async function loadViews() {
  const views = await get("/api/v1/coverage/views?time=now");
  for (const { geometry, properties } of views.features) if (cameras.has(properties.code)) cameras.get(properties.code).view = geometry;
  redraw();
}

// One redraw a frame however many changes arrive at once.
let waiting = false;
const redrawSoon = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; redraw(); }); } };

function refreshPart(id) {
  const part = document.getElementById(id);
  let timer = null;
  return () => { timer ??= setTimeout(async () => { timer = null; const answer = await fetch(part.dataset.url, { credentials: "same-origin", headers: { "HX-Request": "true" } }); if (answer.ok) part.innerHTML = await answer.text(); }, 250); };
}
const refreshFigures = refreshPart("angka"), refreshNow = refreshPart("kini");
refreshFigures();

const drawer = document.getElementById("laci"), drawerBody = document.getElementById("laci-isi");
let chosen = "";
async function choose(code, { zoom = 0, follow = false } = {}) {
  if (!drawer) return;
  chosen = code;
  map.setFilter("chosen", ["==", ["get", "code"], code]);
  if (!code) { drawer.hidden = true; map.resize(); stage.focus({ preventScroll: true }); return; }
  const answer = await fetch(`${stage.dataset.cameras}${encodeURIComponent(code)}/panel`, { credentials: "same-origin", headers: { "HX-Request": "true" } });
  if (code !== chosen) return;
  if (!answer.ok) { choose(""); toast(stage.dataset.wordsUnknown, "down"); return; }
  drawerBody.innerHTML = await answer.text();
  window.htmx?.process(drawerBody);
  drawer.hidden = false;
  document.querySelector(".legend-box").open = false; // what is left of the map is for the map
  if (follow) return;
  drawerBody.scrollTop = 0;
  const seen = cameras.get(code);
  if (!seen) return;
  keepInSight(seen.point.coordinates, zoom);
  map.once("idle", () => { stage.dataset.inSight = code; });
  map.triggerRepaint();
}

// The drawer has taken room from the map (and on a phone lies over its foot): the chosen camera stays in what is left.
function keepInSight(position, zoom) {
  if (matchMedia("(max-width: 900px)").matches) stage.parentElement.parentElement.scrollIntoView({ block: "start" });
  map.resize();
  const room = stage.getBoundingClientRect(), free = Math.min(room.height, drawer.getBoundingClientRect().top - room.top);
  const { x, y } = map.project(position), edge = 30;
  if (!zoom && x > edge && x < room.width - edge && y > edge && y < free - edge) return;
  map.easeTo({ center: position, zoom: Math.max(zoom, map.getZoom()), offset: [0, Math.min(0, (free - room.height) / 2)], duration: zoom ? 0 : MOVE_MS });
}
drawer?.querySelector(".drawer-close").addEventListener("click", () => { if (chosen) choose(""); });

function follow() {
  listen({
    status_changed: ({ payload }) => {
      const seen = cameras.get(payload.code);
      if (seen) Object.assign(seen.properties, { state: payload.state, cause: payload.cause, since: payload.since, maintenance: payload.maintenance });
      stage.dataset.lastChange = `${payload.code}:${payload.state}`;
      redrawSoon(); refreshFigures(); refreshNow();
      if (payload.code === chosen) choose(chosen, { follow: true });
      if (["down", "up"].includes(payload.state) && payload.was !== "unknown") toast(`${payload.code} · ${payload.title}`, payload.state);
    },
    incident_changed: () => { refreshNow(); refreshFigures(); },
    coverage_changed: () => refreshFigures(),
    reset: () => { loadCameras(); refreshFigures(); refreshNow(); },
  });
}

// Turning time back: states as they were believed then; releasing at the right end returns to now.
const slider = document.querySelector("[data-rewind] input"), output = document.querySelector("[data-rewind] output");
let asked = 0;
slider?.addEventListener("input", async () => {
  const minutes = Number(slider.value), mine = ++asked;
  slider.form.classList.toggle("is-past", minutes < 0);
  if (minutes === 0) { shown = new Map(); output.textContent = output.dataset.now; redraw(); return; }
  const at = new Date(Date.now() + minutes * 60000);
  output.textContent = at.toLocaleTimeString(document.documentElement.lang === "en" ? "en-GB" : "id-ID", { hour: "2-digit", minute: "2-digit", timeZone: document.querySelector("[data-clock]").dataset.zone }).replace(":", ".");
  const states = await get(`${api}/states?at=${encodeURIComponent(at.toISOString())}`);
  if (mine === asked) { shown = new Map(Object.entries(states)); redraw(); }
});

function interact() {
  map.on("click", "camera", (event) => choose(event.features[0].properties.code));
  map.on("click", "clusters", async (event) => map.easeTo({ center: event.features[0].geometry.coordinates, zoom: await map.getSource("cameras").getClusterExpansionZoom(event.features[0].properties.cluster_id), duration: MOVE_MS }));
  for (const layer of ["camera", "clusters"]) {
    map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }
  const popup = new maplibregl.Popup({ closeButton: false, closeOnClick: false, offset: 12 });
  map.on("mousemove", "camera", (event) => { const p = event.features[0].properties; const box = document.createElement("div"); const b = document.createElement("b"); b.textContent = p.code; box.append(b, ` ${p.name}`); popup.setLngLat(event.features[0].geometry.coordinates).setDOMContent(box).addTo(map); });
  map.on("mouseleave", "camera", () => popup.remove());
}

map.on("load", async () => {
  try {
    await document.fonts?.ready;
    addImages(map);
    drawBase(map, await get(`${api}/areas`), stage);
    drawThings();
    await loadCameras();
    interact();
    follow();
    map.once("idle", () => { stage.dataset.ready = "1"; if (stage.dataset.chosen) choose(stage.dataset.chosen, { zoom: CLOSE_ZOOM }); });
    map.triggerRepaint();
  } catch (problem) {
    console.error(problem);
    document.getElementById("peta-catatan").textContent = document.documentElement.lang === "en" ? "The map could not be loaded. Reload the page." : "Peta belum dapat dimuat. Muat ulang halaman.";
  }
});
document.querySelectorAll("[data-open-wide]").forEach((box) => { if (window.innerWidth > 1300 || document.documentElement.classList.contains("is-wall")) box.open = true; });

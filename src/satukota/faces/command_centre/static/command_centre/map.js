// The city map: cameras by verdict, sectors gone blind, links; kept current by the live feed, turned back by the slider.
import * as maplibregl from "../vendor/maplibre/maplibre-gl.mjs";
import { listen } from "../satukota/feed.js";
import { shapes, hatch } from "./map-images.js";
import { sector } from "./sector.js";
import { toast } from "../satukota/frame.js";

maplibregl.setWorkerUrl(new URL("../vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);
const stage = document.getElementById("peta"), api = stage.dataset.api, large = document.documentElement.classList.contains("is-wall") ? 1.4 : 1;
const css = getComputedStyle(document.documentElement), colour = (name) => css.getPropertyValue(`--${name}`).trim();
const CLOSE_ZOOM = 16; // the sector of one camera is told apart from its neighbours'
const MOVE_MS = 150;
const RANK = { unknown: 1, maintenance: 1, up: 0, degraded: 2, down: 3 };
const WORST = ["up", "unknown", "degraded", "down"];
const cameras = new Map(); // code → feature, as measured now
let shown = new Map(); // code → state while the map is turned back; empty: now
const bounds = JSON.parse(document.getElementById("peta-batas")?.textContent ?? "null");

const map = new maplibregl.Map({
  container: stage, bounds: bounds ?? undefined, fitBoundsOptions: { padding: 28 }, attributionControl: false, fadeDuration: 0,
  dragRotate: false, pitchWithRotate: false, maxZoom: 19, minZoom: 8,
  style: { version: 8, sources: {}, layers: [{ id: "sea", type: "background", paint: { "background-color": colour("map-sea") } }] },
});
map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
map.addControl(new maplibregl.ScaleControl(), "top-left");
map.touchZoomRotate.disableRotation();

const get = async (path) => {
  const answer = await fetch(`${api}${path}`, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};
const text = (field, size, extra = {}) => ({ layout: { "text-field": field, "text-font": ["Plus Jakarta Sans Variable"], "text-size": size, ...extra } });

function drawAreas(areas) {
  map.addSource("areas", { type: "geojson", data: areas });
  map.addLayer({ id: "land", type: "fill", source: "areas", paint: { "fill-color": colour("map-land") } });
  map.addLayer({ id: "borders", type: "line", source: "areas", paint: { "line-color": colour("map-line"), "line-width": 1.2, "line-dasharray": [3, 2] } });
  const labels = { type: "FeatureCollection", features: areas.features.map((a) => ({ type: "Feature", geometry: { type: "Point", coordinates: [a.properties.lon, a.properties.lat] }, properties: { name: a.properties.name } })) };
  map.addSource("area-names", { type: "geojson", data: labels });
  map.addLayer({ id: "area-names", type: "symbol", source: "area-names", ...text(["get", "name"], 11.5 * large, { "text-max-width": 6, "text-variable-anchor": ["top", "bottom", "left", "right", "center"], "text-radial-offset": 1.1 }), paint: { "text-color": colour("ink-2"), "text-halo-color": colour("map-land"), "text-halo-width": 1.4 } });
  const schematic = areas.features.some((a) => a.properties.schematic);
  const sources = [...new Set(areas.features.map((a) => a.properties.source))].join("; ");
  map.fitBounds(extent(areas), { padding: 24, animate: false });
  document.getElementById("peta-catatan").textContent = schematic ? stage.dataset.wordsSchematic : `${stage.dataset.wordsSource}: ${sources}`;
}

// The land, not the sea that belongs to the city: west, south, east, north.
function extent(areas) {
  const box = new maplibregl.LngLatBounds();
  const widen = (part) => { if (typeof part[0] === "number") box.extend(part); else part.forEach(widen); };
  areas.features.forEach((area) => widen(area.geometry.coordinates));
  return box;
}

async function addImages() {
  for (const [state, image] of Object.entries(shapes(Math.round(22 * large), colour))) map.addImage(state, image, { pixelRatio: 2 });
  map.addImage("hatch-down", hatch(colour("down"), 2.4), { pixelRatio: 2 });
  map.addImage("hatch-unknown", hatch(colour("unknown"), 1.2), { pixelRatio: 2 });
}

function drawThings() {
  const empty = { type: "FeatureCollection", features: [] };
  map.addSource("sectors", { type: "geojson", data: empty });
  map.addLayer({ id: "seen", type: "fill", source: "sectors", filter: ["in", ["get", "state"], ["literal", ["up", "degraded", "maintenance"]]], paint: { "fill-color": ["match", ["get", "state"], "degraded", colour("degraded-fill"), "maintenance", colour("maintenance"), colour("up")], "fill-opacity": 0.22 } });
  map.addLayer({ id: "blind", type: "fill", source: "sectors", filter: ["==", ["get", "state"], "down"], paint: { "fill-pattern": "hatch-down" } });
  map.addLayer({ id: "unsure", type: "fill", source: "sectors", filter: ["==", ["get", "state"], "unknown"], paint: { "fill-pattern": "hatch-unknown" } });
  map.addLayer({ id: "sector-edge", type: "line", source: "sectors", paint: { "line-color": ["match", ["get", "state"], "down", colour("down"), "degraded", colour("degraded"), "unknown", colour("unknown"), "maintenance", colour("maintenance"), colour("up")], "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.6, 16, 1.6], "line-opacity": 0.7 } });
  map.addSource("cameras", { type: "geojson", data: empty, cluster: true, clusterMaxZoom: 13, clusterRadius: 22, clusterProperties: { worst: ["max", ["get", "rank"]], bad: ["+", ["case", [">=", ["get", "rank"], 2], 1, 0]] } });
  map.addLayer({ id: "clusters", type: "circle", source: "cameras", filter: ["has", "point_count"], paint: { "circle-radius": ["step", ["get", "point_count"], 11 * large, 10, 14 * large, 50, 18 * large], "circle-color": colour("card"), "circle-stroke-width": 3, "circle-stroke-color": ["match", ["get", "worst"], 3, colour("down"), 2, colour("degraded-fill"), 1, colour("unknown"), colour("up")] } });
  map.addLayer({ id: "cluster-count", type: "symbol", source: "cameras", filter: ["has", "point_count"], ...text(["get", "point_count_abbreviated"], 12 * large, { "text-allow-overlap": true }), paint: { "text-color": colour("ink") } });
  // Told apart by shape as well: a cluster wears the mark of the worst verdict inside, unless all is well.
  map.addLayer({ id: "cluster-worst", type: "symbol", source: "cameras", filter: ["all", ["has", "point_count"], [">", ["get", "worst"], 0]], layout: { "icon-image": ["match", ["get", "worst"], 3, "down", 2, "degraded", "unknown"], "icon-size": 0.8, "icon-offset": [15, -15], "icon-allow-overlap": true, "icon-ignore-placement": true } });
  map.addLayer({ id: "chosen", type: "circle", source: "cameras", filter: ["==", ["get", "code"], ""], paint: { "circle-radius": 15, "circle-color": "transparent", "circle-stroke-width": 3, "circle-stroke-color": colour("accent") } });
  map.addLayer({ id: "camera", type: "symbol", source: "cameras", filter: ["!", ["has", "point_count"]], layout: { "icon-image": ["get", "state"], "icon-allow-overlap": true, "symbol-sort-key": ["get", "rank"], "text-field": ["step", ["zoom"], "", 14.5, ["get", "code"]], "text-font": ["Plus Jakarta Sans Variable"], "text-size": 11, "text-offset": [0, 1.1], "text-anchor": "top", "text-optional": true }, paint: { "text-color": colour("ink"), "text-halo-color": colour("map-land"), "text-halo-width": 1.4 } });
}

function redraw() {
  const features = [], sectors = [];
  for (const { point, sector, properties } of cameras.values()) {
    const state = shown.get(properties.code) ?? (properties.maintenance && !shown.size ? "maintenance" : properties.state);
    const told = { ...properties, state, rank: RANK[state] ?? 1 };
    features.push({ type: "Feature", geometry: point, properties: told });
    if (sector) sectors.push({ type: "Feature", geometry: sector, properties: { code: told.code, state } });
  }
  map.getSource("cameras")?.setData({ type: "FeatureCollection", features });
  map.getSource("sectors")?.setData({ type: "FeatureCollection", features: sectors });
}

async function loadCameras() {
  const { features } = await get("/cameras");
  cameras.clear();
  for (const { geometry, properties } of features) {
    const { code, bearing, fov, range_m: reach } = properties;
    cameras.set(code, { point: geometry, sector: sector(geometry.coordinates, bearing, fov, reach), properties });
  }
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
  const states = await get(`/states?at=${encodeURIComponent(at.toISOString())}`);
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
    await addImages();
    drawAreas(await get("/areas"));
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

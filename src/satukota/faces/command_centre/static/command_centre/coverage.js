// The map of coverage: streets by what is seen of them, kept current by the live feed; figures and lists beside it.
import { addImages, colour, drawAreas, drawGround, drawViews, get, large, makeMap, MOVE_MS, NOTHING } from "../satukota/base-map.js";
import { listen } from "../satukota/feed.js";
import { toast } from "../satukota/frame.js";
import { offerTrial } from "./trial.js";

const stage = document.getElementById("peta"), api = stage.dataset.api, words = stage.dataset;
const form = document.getElementById("tanya"), panel = document.getElementById("panel");
const bounds = JSON.parse(document.getElementById("peta-batas")?.textContent ?? "null");
const CLOSE_ZOOM = 16, NEAR_ZOOM = 13.5, AT_ONCE = 1000; // streets asked for by number in one request
const STATES = ["blind", "doubted", "seen", "lost"]; // drawn in this order: what was lost lies on top
const RANK = { up: 0, unknown: 1, degraded: 2, down: 3 };
const streets = new Map(); // street id → its pieces
const cameras = new Map(); // code → { point, state }
let views = [], drawn = Promise.resolve();

export const map = makeMap(stage, bounds);

/** What the form asks, in the words of the page and of the API. */
export function asked() {
  const chosen = form ? new FormData(form) : new FormData();
  const time = chosen.get("waktu") ?? "now", sharpness = chosen.get("tajam") ?? "", down = chosen.get("mati") ?? "";
  const page = new URLSearchParams(), question = new URLSearchParams();
  if (time !== "now") page.set("waktu", time);
  if (sharpness) page.set("tajam", sharpness);
  if (down) page.set("mati", down);
  if (time !== "month") question.set("time", time);
  if (sharpness) question.set("sharpness", sharpness);
  if (down) question.set("down", down);
  return { time, down, page, question, isLive: time !== "month" && !down };
}

const LINES = ["==", ["geometry-type"], "LineString"], SPOTS = ["==", ["geometry-type"], "Point"];
const WIDTH = { blind: [1, 2.2], doubted: [2, 5], seen: [2, 5], lost: [2.6, 6.5] };
function drawStreets() {
  map.addSource("streets", { type: "geojson", data: NOTHING });
  const width = (name) => ["interpolate", ["linear"], ["zoom"], 11, WIDTH[name][0] * large * 0.8, 17, WIDTH[name][1] * large];
  const look = {
    blind: { "line-color": colour("cov-blind") }, doubted: { "line-color": colour("unknown"), "line-dasharray": [0.6, 1.2] },
    seen: { "line-color": colour("up") }, lost: { "line-color": colour("down"), "line-dasharray": [2, 0.8] },
  };
  for (const state of STATES) map.addLayer({ id: `street-${state}`, type: "line", source: "streets", filter: ["all", LINES, ["==", ["get", "state"], state]], layout: { "line-cap": state === "seen" || state === "blind" ? "round" : "butt" }, paint: { ...look[state], "line-width": width(state) } });
  const fifth = ["match", ["get", "fifth"], ...[0, 1, 2, 3].flatMap((n) => [n, colour(`cov-fifth-${n}`)]), colour("cov-fifth-4")];
  map.addLayer({ id: "street-fifth", type: "line", source: "streets", filter: ["all", LINES, ["has", "fifth"]], layout: { "line-cap": "round" }, paint: { "line-color": fifth, "line-width": ["interpolate", ["linear"], ["zoom"], 11, 1.4 * large, 17, 5 * large] } });
  // Junctions and places: the same colours; what is lost has a thick ring, what is not known a hollow one.
  const spot = ["match", ["get", "state"], "seen", colour("up"), "lost", colour("down"), "doubted", colour("card"), "blind", colour("cov-blind"), fifth];
  map.addLayer({ id: "spot", type: "circle", minzoom: NEAR_ZOOM, source: "streets", filter: SPOTS, paint: { "circle-color": spot, "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, 2 * large, 17, 5.5 * large], "circle-stroke-width": ["match", ["get", "state"], "lost", 3, "doubted", 2, 1], "circle-stroke-color": ["match", ["get", "state"], "lost", colour("ink"), "doubted", colour("unknown"), colour("map-land")] } });
  // From afar a lost stretch is thinner than a pixel: a mark says where it is.
  map.addLayer({ id: "lost-mark", type: "circle", maxzoom: NEAR_ZOOM, source: "streets", filter: ["==", ["get", "state"], "lost"], paint: { "circle-color": "transparent", "circle-radius": 9 * large, "circle-stroke-width": 2.5, "circle-stroke-color": colour("down") } });
  map.addLayer({ id: "street-chosen", type: "line", source: "streets", filter: ["==", ["get", "street"], -1], paint: { "line-color": colour("accent"), "line-width": 12, "line-opacity": 0.35 } }, "street-blind");
  map.addLayer({ id: "street-touch", type: "line", source: "streets", filter: LINES, paint: { "line-color": "#000", "line-opacity": 0, "line-width": 14 } });
}

function drawCameras() {
  map.addSource("cameras", { type: "geojson", data: NOTHING });
  map.addLayer({ id: "camera", type: "symbol", source: "cameras", layout: { "icon-image": ["get", "state"], "icon-allow-overlap": true, "icon-size": ["interpolate", ["linear"], ["zoom"], 10, 0.4, NEAR_ZOOM, 0.85], "symbol-sort-key": ["get", "rank"], "text-field": ["step", ["zoom"], "", 15, ["get", "code"]], "text-font": ["Plus Jakarta Sans Variable"], "text-size": 11, "text-offset": [0, 1.1], "text-anchor": "top", "text-optional": true }, paint: { "text-color": colour("ink"), "text-halo-color": colour("map-land"), "text-halo-width": 1.4 } });
}

function take(features) {
  for (const feature of features) {
    const id = feature.properties.street;
    if (!streets.has(id)) streets.set(id, []);
    streets.get(id).push(feature);
  }
}
const showStreets = () => map.getSource("streets").setData({ type: "FeatureCollection", features: [...streets.values()].flat() });
const note = (told, isCut) => { document.getElementById("peta-catatan").textContent = [told, words.wordsGround, isCut ? words.wordsCut : ""].filter(Boolean).join(" · "); };

// One answer after the other: an older question never overwrites a newer one.
let turn = 0, landWords = "";
export async function loadStreets() {
  const mine = ++turn, { time, question } = asked();
  const found = await get(time === "month" ? `${api}/coverage/month` : `${api}/coverage/segments?${question}`);
  if (mine !== turn) return;
  streets.clear();
  take(found.features);
  showStreets();
  note(landWords, found.is_cut);
  document.querySelectorAll("[data-legend]").forEach((list) => { list.hidden = (list.dataset.legend === "month") !== (time === "month"); });
}

async function renew(ids) {
  const mine = turn, { question } = asked();
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    const some = ids.slice(first, first + AT_ONCE);
    const found = await get(`${api}/coverage/segments?${question}&street=${some.join(",")}`);
    if (mine !== turn) return;
    some.forEach((id) => streets.delete(id));
    take(found.features);
  }
  showStreets();
}

function showCameras() {
  const features = [...cameras].map(([code, { point, state }]) => ({ type: "Feature", geometry: point, properties: { code, state, rank: RANK[state] ?? 1 } }));
  map.getSource("cameras")?.setData({ type: "FeatureCollection", features });
  const seen = views.filter((view) => view.geometry && cameras.has(view.properties.code));
  map.getSource("views")?.setData({ type: "FeatureCollection", features: seen.map((view) => ({ ...view, properties: { code: view.properties.code, state: cameras.get(view.properties.code).state } })) });
}

async function loadCameras() {
  const points = await get(`${api}/map/cameras`);
  cameras.clear();
  for (const { geometry, properties } of points.features) cameras.set(properties.code, { point: geometry, state: properties.state });
  showCameras();
  loadViews().catch((problem) => console.warn(problem)); // points first: shapes may have to be calculated
}

let viewTurn = 0;
async function loadViews() {
  const mine = ++viewTurn, { question } = asked();
  question.delete("down");
  const shapes = await get(`${api}/coverage/views?${question}`);
  if (mine !== viewTurn) return;
  views = shapes.features;
  showCameras();
}

// Figures and lists: the same fragment the page came with. What was opened stays open.
let panelTimer = null;
function refreshPanel() {
  panelTimer ??= setTimeout(async () => {
    panelTimer = null;
    const answer = await fetch(`${panel.dataset.url}?${asked().page}`, { credentials: "same-origin", headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const open = new Set([...panel.querySelectorAll("details.cov-area[open]")].map((area) => area.dataset.code));
    const how = panel.querySelector(".cov-how")?.open, top = panel.scrollTop;
    panel.innerHTML = await answer.text();
    window.htmx?.process(panel);
    panel.querySelectorAll("details.cov-area").forEach((area) => { area.open = open.has(area.dataset.code); });
    if (how) panel.querySelector(".cov-how").open = true;
    panel.scrollTop = top;
  }, 200);
}

refreshPanel();

const drawer = document.getElementById("laci"), drawerBody = document.getElementById("laci-isi");
let chosen = null;
async function choose(id) {
  chosen = id;
  map.setFilter("street-chosen", ["==", ["get", "street"], id ?? -1]);
  if (id === null) { drawer.hidden = true; map.resize(); return; }
  const { page } = asked();
  page.set("id", id);
  const answer = await fetch(`${words.street}?${page}`, { credentials: "same-origin", headers: { "HX-Request": "true" } });
  if (id !== chosen) return;
  if (!answer.ok) { choose(null); return; }
  drawerBody.innerHTML = await answer.text();
  drawer.hidden = false;
  document.querySelector(".legend-box").open = false; // what is left of the map is for the map
  map.resize();
}
drawer.querySelector(".drawer-close").addEventListener("click", () => choose(null));

panel.addEventListener("click", (event) => {
  const go = event.target.closest(".cov-go");
  if (!go) return;
  const at = [Number(go.dataset.lon), Number(go.dataset.lat)];
  if (matchMedia("(max-width: 900px)").matches) stage.scrollIntoView({ block: "start" });
  map.easeTo({ center: at, zoom: Math.max(CLOSE_ZOOM, map.getZoom()), duration: MOVE_MS });
  if (Number(go.dataset.street) >= 0) choose(Number(go.dataset.street));
});

form?.addEventListener("change", async () => {
  const { page } = asked();
  history.replaceState(null, "", `${location.pathname}${page.size ? `?${page}` : ""}`);
  document.querySelectorAll("[data-file]").forEach((link) => { const to = new URL(link.href); to.search = new URLSearchParams([...page, ["bentuk", link.dataset.file]]); link.href = to; });
  drawn = Promise.all([loadStreets(), loadCameras()]);
  refreshPanel();
  if (chosen !== null) choose(chosen);
  await drawn;
});
form?.addEventListener("submit", (event) => event.preventDefault());

function follow() {
  listen({
    coverage_changed: async ({ payload }) => {
      refreshPanel();
      if (!asked().isLive) return;
      await drawn;
      await (payload.streets === null ? loadStreets() : renew(payload.streets));
      stage.dataset.lastChange = `${payload.points}`;
      if (payload.lost.length) toast(words.wordsLost.replace("%n", payload.lost.length), "down");
      else if (payload.recovered.length) toast(words.wordsBack.replace("%n", payload.recovered.length), "up");
      if (chosen !== null && (payload.streets === null || payload.streets.includes(chosen))) choose(chosen);
    },
    status_changed: ({ payload }) => {
      const seen = cameras.get(payload.code);
      if (seen) { seen.state = payload.state; showCameras(); }
    },
    reset: () => { loadStreets(); loadCameras(); refreshPanel(); },
  });
}

function interact() {
  map.on("click", "camera", (event) => { if (!stage.dataset.trial) location.href = `${words.camera}${encodeURIComponent(event.features[0].properties.code)}/`; });
  map.on("click", "street-touch", (event) => { if (!stage.dataset.trial && !map.queryRenderedFeatures(event.point, { layers: ["camera"] }).length) choose(event.features[0].properties.street); });
  for (const layer of ["camera", "street-touch"]) {
    map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }
}

const trial = offerTrial(map, asked);

map.on("load", async () => {
  try {
    await document.fonts?.ready;
    addImages(map);
    landWords = drawAreas(map, await get(`${api}/map/areas`), { schematic: words.wordsSchematic, source: words.wordsSource });
    drawViews(map, { opacity: 0.16, minzoom: NEAR_ZOOM });
    drawStreets();
    map.moveLayer("area-names");
    drawCameras();
    drawn = Promise.all([loadStreets(), loadCameras()]);
    follow();
    drawGround(map, words.tiles).catch((problem) => console.warn(problem)); // the map is whole without
    await drawn;
    interact();
    trial?.restore();
    map.once("idle", () => { stage.dataset.ready = "1"; });
    map.triggerRepaint();
  } catch (problem) {
    console.error(problem);
    document.getElementById("peta-catatan").textContent = document.documentElement.lang === "en" ? "The map could not be loaded. Reload the page." : "Peta belum dapat dimuat. Muat ulang halaman.";
  }
});
document.querySelectorAll("[data-open-wide]").forEach((box) => { if (window.innerWidth > 1300 || document.documentElement.classList.contains("is-wall")) box.open = true; });

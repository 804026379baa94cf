// The map every page stands on: land, borders, names, words of its source. Pages add their own layers.
import * as maplibregl from "../vendor/maplibre/maplibre-gl.mjs";
import { shapes, hatch } from "./map-images.js";

maplibregl.setWorkerUrl(new URL("../vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);
const css = getComputedStyle(document.documentElement);
export const colour = (name) => css.getPropertyValue(`--${name}`).trim();
export const large = document.documentElement.classList.contains("is-wall") ? 1.4 : 1;
export const MOVE_MS = 150;
export const NOTHING = { type: "FeatureCollection", features: [] };
export { maplibregl };

/** A map in the element `stage`, over `bounds` (west, south, east, north) until its areas are drawn. */
export function makeMap(stage, bounds) {
  const map = new maplibregl.Map({
    container: stage, bounds: bounds ?? undefined, fitBoundsOptions: { padding: 28 }, attributionControl: false, fadeDuration: 0,
    dragRotate: false, pitchWithRotate: false, maxZoom: 19, minZoom: 8,
    style: { version: 8, sources: {}, layers: [{ id: "sea", type: "background", paint: { "background-color": colour("map-sea") } }] },
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl(), "top-left");
  map.touchZoomRotate.disableRotation();
  return map;
}

export async function get(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

export const text = (field, size, extra = {}) => ({ layout: { "text-field": field, "text-font": ["Plus Jakarta Sans Variable"], "text-size": size, ...extra } });

/** The land of the kelurahan with borders and names; the map moves to show it. Returns words on where they are from. */
export function drawAreas(map, areas, { schematic, source }) {
  map.addSource("areas", { type: "geojson", data: areas });
  map.addLayer({ id: "land", type: "fill", source: "areas", paint: { "fill-color": colour("map-land") } });
  map.addLayer({ id: "borders", type: "line", source: "areas", paint: { "line-color": colour("map-line"), "line-width": 1.2, "line-dasharray": [3, 2] } });
  const labels = { type: "FeatureCollection", features: areas.features.map((a) => ({ type: "Feature", geometry: { type: "Point", coordinates: [a.properties.lon, a.properties.lat] }, properties: { name: a.properties.name } })) };
  map.addSource("area-names", { type: "geojson", data: labels });
  map.addLayer({ id: "area-names", type: "symbol", source: "area-names", ...text(["get", "name"], 11.5 * large, { "text-max-width": 6, "text-variable-anchor": ["top", "bottom", "left", "right", "center"], "text-radial-offset": 1.1 }), paint: { "text-color": colour("ink-2"), "text-halo-color": colour("map-land"), "text-halo-width": 1.4 } });
  if (areas.features.length) map.fitBounds(extent(areas), { padding: 24, animate: false });
  const sources = [...new Set(areas.features.map((a) => a.properties.source))].join("; ");
  return areas.features.some((a) => a.properties.schematic) ? schematic : `${source}: ${sources}`;
}

// The land, not the sea that belongs to the city: west, south, east, north.
function extent(areas) {
  const box = new maplibregl.LngLatBounds();
  const widen = (part) => { if (typeof part[0] === "number") box.extend(part); else part.forEach(widen); };
  areas.features.forEach((area) => widen(area.geometry.coordinates));
  return box;
}

/** Marks of verdicts and hatches of what is not seen, by their names. */
export function addImages(map) {
  for (const [state, image] of Object.entries(shapes(Math.round(22 * large), colour))) map.addImage(state, image, { pixelRatio: 2 });
  map.addImage("hatch-down", hatch(colour("down"), 2.4), { pixelRatio: 2 });
  map.addImage("hatch-unknown", hatch(colour("unknown"), 1.2), { pixelRatio: 2 });
}

/** What cameras see, coloured by `state` of each feature of the source `views`; hatched where they do not see now. */
export function drawViews(map, { opacity = 0.22, minzoom = 0 } = {}) {
  map.addSource("views", { type: "geojson", data: NOTHING });
  map.addLayer({ id: "seen", type: "fill", minzoom, source: "views", filter: ["in", ["get", "state"], ["literal", ["up", "degraded", "maintenance"]]], paint: { "fill-color": ["match", ["get", "state"], "degraded", colour("degraded-fill"), "maintenance", colour("maintenance"), colour("up")], "fill-opacity": opacity } });
  map.addLayer({ id: "blind", type: "fill", minzoom, source: "views", filter: ["==", ["get", "state"], "down"], paint: { "fill-pattern": "hatch-down" } });
  map.addLayer({ id: "unsure", type: "fill", minzoom, source: "views", filter: ["==", ["get", "state"], "unknown"], paint: { "fill-pattern": "hatch-unknown" } });
  map.addLayer({ id: "view-edge", type: "line", minzoom, source: "views", paint: { "line-color": ["match", ["get", "state"], "down", colour("down"), "degraded", colour("degraded"), "unknown", colour("unknown"), "maintenance", colour("maintenance"), colour("up")], "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.6, 16, 1.6], "line-opacity": 0.7 } });
}

/** Streets and buildings under all else, from the address `index`; without tiles the map stays as it is. Returns words
 *  on where they are from. */
export async function drawGround(map, index) {
  const told = await get(index);
  if (!told.tiles) return told.attribution.join("; ");
  const tiles = `${location.origin}${told.tiles}`;
  map.addSource("ground", { type: "vector", tiles: [tiles], minzoom: told.least_zoom, maxzoom: told.most_zoom });
  const width = (share) => {
    const wide = (main, other) => ["case", ["get", "main"], main * share, other * share];
    return ["interpolate", ["exponential", 1.6], ["zoom"], 11, wide(0.8, 0), 14, wide(2.6, 1.2), 18, wide(18, 9)];
  };
  const line = { type: "line", source: "ground", "source-layer": "streets", layout: { "line-cap": "round", "line-join": "round" } };
  map.addLayer({ ...line, id: "ground-street-edges", paint: { "line-color": colour("map-line"), "line-width": width(1.3) } }, "borders");
  map.addLayer({ ...line, id: "ground-streets", paint: { "line-color": colour("card"), "line-width": width(1) } }, "borders");
  map.addLayer({ id: "ground-buildings", type: "fill", source: "ground", "source-layer": "buildings", minzoom: 14, paint: { "fill-color": colour("map-line"), "fill-opacity": ["interpolate", ["linear"], ["zoom"], 14, 0.35, 16, 0.7] } }, "borders");
  map.addLayer({ id: "ground-street-names", type: "symbol", source: "ground", "source-layer": "streets", minzoom: 15, ...text(["get", "name"], 10.5 * large, { "symbol-placement": "line", "symbol-spacing": 320 }), paint: { "text-color": colour("ink-2"), "text-halo-color": colour("card"), "text-halo-width": 1.2 } }, "area-names");
  return told.attribution.join("; ");
}

/** What every map of the house shows under its own layers, by the words and addresses on its element `stage`: land and
 *  borders at once, streets and buildings as soon as their tiles are told; the map is whole without these. */
export function drawBase(map, areas, stage) {
  const note = document.getElementById("peta-catatan"), { wordsSchematic: schematic, wordsSource: source, tiles } = stage.dataset;
  note.textContent = drawAreas(map, areas, { schematic, source });
  if (tiles) drawGround(map, tiles).then((words) => { if (words) note.append(` · ${words}`); }).catch((problem) => console.warn(problem));
}

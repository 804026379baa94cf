// A plan on the map: numbered cameras with the way they look; dragging one plans the others anew around it at once.
import { maplibregl, makeMap, drawBase, get, colour } from "../satukota/base-map.js";
import "./curve.js";

const stage = document.getElementById("peta"), said = document.getElementById("hasil-pindah"), form = document.getElementById("simpan-pindah");
const mayMove = stage.dataset.mayMove === "1", token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
const map = makeMap(stage, null);
const number = (value) => new Intl.NumberFormat("id-ID", { maximumFractionDigits: 1 }).format(value);
let cameras = JSON.parse(document.getElementById("kamera-rencana").textContent).features, markers = [], asked = 0;
const moves = new Map(); // where a camera was put: by the option it stands for, or by its own new place

function fan({ geometry: { coordinates: [lon, lat] }, properties: { bearing, fov, range_m: reach } }) {
  const metre = 1 / 111195, wide = metre / Math.cos((lat * Math.PI) / 180), ring = fov >= 360 ? [] : [[lon, lat]];
  for (let n = 0; n <= 24; n += 1) { const turn = ((bearing - fov / 2 + (fov * n) / 24) * Math.PI) / 180; ring.push([lon + reach * wide * Math.sin(turn), lat + reach * metre * Math.cos(turn)]); }
  ring.push(ring[0]);
  return { type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: {} };
}

function draw() {
  map.getSource("fans").setData({ type: "FeatureCollection", features: cameras.map(fan) });
  markers.forEach((marker) => marker.remove());
  markers = cameras.map((camera) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = `bs-marker${camera.properties.moved ? " is-moved" : ""}`;
    element.textContent = camera.properties.position;
    element.setAttribute("aria-label", `${stage.dataset.wordsCamera} ${camera.properties.position} ${camera.properties.site}`);
    const marker = new maplibregl.Marker({ element, draggable: mayMove }).setLngLat(camera.geometry.coordinates).addTo(map);
    if (mayMove) marker.on("dragend", () => { const { lng, lat } = marker.getLngLat(); move(camera, lng, lat); });
    return marker;
  });
}

async function move(camera, lon, lat) {
  const { option, bearing, lens, key } = camera.properties, name = key ?? `${option}`;
  if (lens === "partner") { draw(); return; } // a partner's camera hangs where it hangs
  moves.set(name, { of: moves.get(name)?.of ?? option, lon, lat, bearing_deg: bearing, lens });
  const mine = ++asked, began = performance.now();
  said.textContent = stage.dataset.wordsWaiting;
  const answer = await fetch(stage.dataset.replan, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token }, body: JSON.stringify({ moves: [...moves.values()] }) });
  const told = await answer.json();
  if (mine !== asked) return;
  if (!answer.ok) { moves.delete(name); said.textContent = `${told.text ?? ""} ${told.fix ?? ""}`.trim(); draw(); return; }
  const put = [...moves.entries()], near = (a, b) => Math.abs(a[0] - b.lon) < 1e-9 && Math.abs(a[1] - b.lat) < 1e-9;
  cameras = told.cameras;
  for (const one of cameras) { const found = put.find(([, place]) => near(one.geometry.coordinates, place)); if (found) Object.assign(one.properties, { moved: true, key: found[0] }); }
  draw();
  const { summary } = told;
  said.textContent = `${summary.cameras} ${stage.dataset.wordsCameras} · Rp${number(summary.cost_rp)} · +${number(summary.value)} ${stage.dataset.wordsValue}${told.short ? ` · ${told.short}` : ""}`;
  stage.dataset.replanned = `${Math.round(performance.now() - began)}`;
  form.hidden = false;
  form.elements.moves.value = JSON.stringify({ moves: [...moves.values()] });
}

map.on("load", async () => {
  const areas = await get("/api/v1/map/areas");
  drawBase(map, areas, stage);
  map.addSource("fans", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({ id: "fans", type: "fill", source: "fans", paint: { "fill-color": colour("up"), "fill-opacity": 0.25 } });
  map.addLayer({ id: "fan-edge", type: "line", source: "fans", paint: { "line-color": colour("up"), "line-width": 1.2 } });
  draw();
  const box = new maplibregl.LngLatBounds();
  cameras.forEach((one) => box.extend(one.geometry.coordinates));
  if (cameras.length) map.fitBounds(box, { padding: 60, maxZoom: 16, animate: false });
  map.once("idle", () => { stage.dataset.ready = "1"; });
});

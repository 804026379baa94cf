// The unseen points of one spot, each as large as it weighs.
import { maplibregl, makeMap, drawBase, get, colour } from "../satukota/base-map.js";

const stage = document.getElementById("peta"), points = JSON.parse(document.getElementById("titik").textContent);
const map = makeMap(stage, null);

map.on("load", async () => {
  const areas = await get("/api/v1/map/areas");
  drawBase(map, areas, stage);
  map.addSource("points", { type: "geojson", data: points });
  map.addLayer({ id: "points", type: "circle", source: "points", paint: { "circle-radius": ["min", 16, ["+", 3, ["sqrt", ["get", "weight"]]]], "circle-color": colour("degraded-fill"), "circle-opacity": 0.7, "circle-stroke-color": colour("card"), "circle-stroke-width": 1 } });
  const box = new maplibregl.LngLatBounds();
  points.features.forEach((one) => box.extend(one.geometry.coordinates));
  map.fitBounds(box, { padding: 50, maxZoom: 17.5, animate: false });
  map.once("idle", () => { stage.dataset.ready = "1"; });
});

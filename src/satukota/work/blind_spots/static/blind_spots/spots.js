// Blind spots on the map: a disc as large as what is at stake, coloured by how far it has come; a click opens it.
import { maplibregl, makeMap, drawBase, get, colour, text } from "../satukota/base-map.js";

const stage = document.getElementById("peta");
const map = makeMap(stage, null);

map.on("load", async () => {
  const [areas, spots] = await Promise.all([get("/api/v1/map/areas"), get(stage.dataset.features)]);
  drawBase(map, areas, stage);
  const heaviest = Math.max(1, ...spots.features.map((one) => one.properties.weight));
  map.addSource("spots", { type: "geojson", data: spots });
  map.addLayer({ id: "spots", type: "circle", source: "spots", layout: { "circle-sort-key": ["-", 0, ["get", "weight"]] }, paint: {
    "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, ["+", 3, ["*", 9, ["sqrt", ["/", ["get", "weight"], heaviest]]]], 16, ["+", 6, ["*", 26, ["sqrt", ["/", ["get", "weight"], heaviest]]]]],
    "circle-color": ["match", ["get", "state"], ["proposed", "surveyed"], colour("degraded-fill"), "closed", colour("up"), "rejected", colour("card"), colour("maintenance")],
    "circle-opacity": 0.75, "circle-stroke-width": 1.5, "circle-stroke-color": ["match", ["get", "state"], "rejected", colour("unknown"), colour("card")] } });
  map.addLayer({ id: "numbers", type: "symbol", source: "spots", minzoom: 14, ...text(["get", "number"], 11, { "text-offset": [0, 1.6] }), paint: { "text-color": colour("ink"), "text-halo-color": colour("map-land"), "text-halo-width": 1.4 } });
  const popup = new maplibregl.Popup({ closeButton: false, closeOnClick: false, offset: 12 });
  map.on("mousemove", "spots", (event) => {
    const told = event.features[0].properties, box = document.createElement("div"), name = document.createElement("b");
    name.textContent = told.number;
    box.append(name, ` ${told.title} · ${told.words}`);
    map.getCanvas().style.cursor = "pointer";
    popup.setLngLat(event.features[0].geometry.coordinates).setDOMContent(box).addTo(map);
  });
  map.on("mouseleave", "spots", () => { map.getCanvas().style.cursor = ""; popup.remove(); });
  map.on("click", "spots", (event) => { window.location.href = `${encodeURIComponent(event.features[0].properties.number)}/`; });
  map.once("idle", () => { stage.dataset.ready = "1"; });
});

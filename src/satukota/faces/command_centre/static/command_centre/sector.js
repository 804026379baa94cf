// What a camera sees at most, before buildings are asked: the same circular sector as rules/sector.py, drawn for the eye.
const METRES_A_DEGREE = 111195, STEP_DEG = 6;

/** The GeoJSON polygon of `metres` around `position`; a disc where bearing or angle is not registered; null without reach. */
export function sector([lon, lat], bearing, angle, metres) {
  if (!(metres > 0)) return null;
  const narrows = bearing != null && angle != null && angle < 360;
  const sweep = narrows ? angle : 360, right = (narrows ? bearing : 0) + sweep / 2;
  const parts = Math.max(1, Math.ceil(sweep / STEP_DEG)), shrink = Math.cos((lat * Math.PI) / 180);
  const corner = (degrees) => {
    const turn = (degrees * Math.PI) / 180;
    return [lon + (metres * Math.sin(turn)) / (METRES_A_DEGREE * shrink), lat + (metres * Math.cos(turn)) / METRES_A_DEGREE];
  };
  const arc = Array.from({ length: parts + 1 }, (_, part) => corner(right - (sweep * part) / parts));
  const ring = narrows ? [[lon, lat], ...arc] : arc.slice(0, -1);
  return { type: "Polygon", coordinates: [[...ring, ring[0]]] };
}

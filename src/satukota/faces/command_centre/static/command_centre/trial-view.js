// What a camera on trial sees, in metres around a spot: sight.js cut by all that is as high as the camera, and the
// shadows that lower things throw on the ground behind them. Pure: no map, no page.
import { sight } from "./sight.js";

export const EMPTY = { origin: [0, 0], metres: [[1, 0], [0, 1]], radius: 0, buildings: [], is_cut: false };

/** Metres around the ground's origin of a place in degrees. */
export function toMetres(ground, lon, lat) {
  const [[a, b], [c, d]] = ground.metres, x = lon - ground.origin[0], y = lat - ground.origin[1];
  return [a * x + b * y, c * x + d * y];
}

export function toDegrees(ground, x, y) {
  const [[a, b], [c, d]] = ground.metres, size = a * d - b * c;
  return [ground.origin[0] + (d * x - b * y) / size, ground.origin[1] + (a * y - c * x) / size];
}

/** Width of the scene in the picture per metre of distance, as rules/coverage/purposes.py. */
export function sceneWidth(fov) {
  const flat = Math.min(fov, 90);
  return 2 * Math.tan((flat * Math.PI) / 360) + (Math.PI * (fov - flat)) / 180;
}

/** How far along the ground (m) a camera still gives so many pixels per metre; 0 where it never does. */
export function reach(eye, pxPerMetre) {
  const along = eye.width / (pxPerMetre * sceneWidth(eye.fov));
  return along > eye.height ? Math.min(eye.range, Math.sqrt(along * along - eye.height * eye.height)) : 0;
}

/**
 * @param {typeof EMPTY} ground as the server tells it (trial_pages.around)
 * @param {{x: number, y: number, bearing: number, fov: number, range: number, height: number}} eye metres, degrees
 * @returns {{eye: object, ring: number[][], low: {grow: number, rings: number[][]}[]}} `ring`: what is in sight past all
 *   that is as high as the eye; `low`: what is lower, and how many times as far as itself its shadow reaches.
 */
export function viewOf(ground, eye) {
  const edges = [], low = [], isBeside = besideOf(eye);
  for (const building of ground.buildings) {
    const [height, rings] = building, box = boxOf(building);
    const away = Math.hypot(Math.max(box[0] - eye.x, 0, eye.x - box[2]), Math.max(box[1] - eye.y, 0, eye.y - box[3]));
    if (away >= eye.range || !(height > 0) || isBeside(box)) continue;
    if (height < eye.height) low.push({ grow: eye.height / (eye.height - height), rings });
    else for (const ring of rings) for (let i = 0; i + 3 < ring.length; i += 2) edges.push(ring[i], ring[i + 1], ring[i + 2], ring[i + 3]);
  }
  return { eye, ring: sight(edges, eye), low };
}

/** Tells of a box whether it lies wholly beyond one of the two sides of what the eye looks at. */
function besideOf({ x, y, bearing, fov }) {
  if (fov > 180) return () => false;
  const sides = [-1, 1].map((side) => { const turn = ((bearing + (side * fov) / 2) * Math.PI) / 180; return [side * Math.cos(turn), -side * Math.sin(turn)]; });
  return ([west, south, east, north]) => sides.some(([u, v]) => u * ((u > 0 ? west : east) - x) + v * ((v > 0 ? south : north) - y) > 0.01);
}

const boxes = new WeakMap();
function boxOf(building) {
  let box = boxes.get(building);
  if (!box) {
    box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of building[1]) for (let i = 0; i < ring.length; i += 2) {
      box = [Math.min(box[0], ring[i]), Math.min(box[1], ring[i + 1]), Math.max(box[2], ring[i]), Math.max(box[3], ring[i + 1])];
    }
    boxes.set(building, box);
  }
  return box;
}

/** Whether the ground at a spot is in sight: the same shapes the map is painted with. */
export function sees(view, x, y) {
  if (!view.ring.length || !isWithin([view.ring.flat()], x, y)) return false;
  return !view.low.some((one) => isShaded(one, view.eye, x, y));
}

/** A low building hides its own ground, and what a line of sight reaches only below its roof. */
function isShaded({ grow, rings }, eye, x, y) {
  if (isWithin(rings, x, y)) return true;
  const nearX = eye.x + (x - eye.x) / grow, nearY = eye.y + (y - eye.y) / grow;
  return rings.some((ring) => {
    for (let i = 0; i + 3 < ring.length; i += 2) if (cross(nearX, nearY, x, y, ring[i], ring[i + 1], ring[i + 2], ring[i + 3])) return true;
    return false;
  });
}

function isWithin(rings, x, y) {
  let odd = false;
  for (const ring of rings) for (let i = 0; i + 3 < ring.length; i += 2) {
    const [ax, ay, bx, by] = [ring[i], ring[i + 1], ring[i + 2], ring[i + 3]];
    if (ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) odd = !odd;
  }
  return odd;
}

function cross(px, py, qx, qy, ax, ay, bx, by) {
  const side = (ux, uy, vx, vy, wx, wy) => (vx - ux) * (wy - uy) - (vy - uy) * (wx - ux);
  return side(px, py, qx, qy, ax, ay) * side(px, py, qx, qy, bx, by) < 0 && side(ax, ay, bx, by, px, py) * side(ax, ay, bx, by, qx, qy) < 0;
}

// What is seen from a place, redrawn while a hand turns it. The same sweep as rules/coverage/kernel.py, for what hides
// all behind it: buckets of directions hold what is nearest, edges go in from near to far, no angle is ever calculated.
const CHORDS_PER_QUARTER = 64, LEAST_TURN = 1e-9, ON_EDGE_M = 1e-6, SAME_M = 1e-9;

/**
 * The region a viewpoint sees, as a closed ring [[x, y], …], counter-clockwise; [] where it sees nothing.
 *
 * @param {Float64Array} edges ax, ay, bx, by of each edge in metres; what it belongs to is on its left, and outlines
 *   are whole (Scene.edges_around), so that inside can be told from outside. Metres around a near origin are best.
 * @param {{x: number, y: number, bearing: number, fov: number, range: number}} viewpoint metres; degrees, the bearing
 *   clockwise from north; fov up to 360.
 * On a wall one looks away from it: where that leaves several stretches, the ring comes back to the viewpoint between.
 */
export function sight(edges, viewpoint) {
  const { x, y, bearing, fov, range } = viewpoint;
  if (![x, y, bearing, fov, range].every(Number.isFinite) || !(fov > 0 && fov <= 360) || !(range > 0)) return [];
  const fan = openFan(bearing, fov, range), near = [];
  let around = 0;
  for (let i = 0; i < edges.length; i += 4) {
    const ax = edges[i] - x, ay = edges[i + 1] - y, bx = edges[i + 2] - x, by = edges[i + 3] - y;
    const dx = bx - ax, dy = by - ay, cross = ax * dy - ay * dx, long2 = dx * dx + dy * dy;
    if (long2 === 0) continue;
    const share = Math.min(1, Math.max(0, -(ax * dx + ay * dy) / long2));
    const px = ax + share * dx, py = ay + share * dy, near2 = px * px + py * py;
    if (near2 <= ON_EDGE_M * ON_EDGE_M) {
      near.push({ ax, ay, bx, by, near2: 0, foot: true });
      continue;
    }
    if (ay > 0 !== by > 0 && cross > 0 === by > ay) around += by > ay ? 1 : -1;
    if (cross < 0 && near2 < range * range) near.push({ ax, ay, bx, by, dx, dy, q: cross, near2, foot: false });
  }
  const feet = near.filter((edge) => edge.foot);
  if (around > 0 && !feet.length) return [];
  near.sort((one, other) => one.near2 - other.near2);
  for (const edge of near) if (!edge.foot) put(fan, edge, edge.bx, edge.by, edge.ax, edge.ay);
  for (const foot of feet) shut(fan, foot, feet);
  return ring(fan, x, y);
}

/** Grows with the angle of (c, z) from (1, 0), counter-clockwise, 0 to 4: one for each quarter turn. */
function keyOf(c, z) {
  const reach = Math.abs(c) + Math.abs(z);
  if (reach === 0) return 0;
  if (z >= 0) return c >= 0 ? z / reach : 1 - c / reach;
  return c <= 0 ? 2 - z / reach : 3 + c / reach;
}

/** Rays between buckets, and in each bucket the list of what is nearest: to begin with the chord of the range. */
function openFan(bearing, fov, range) {
  const count = Math.ceil((fov * CHORDS_PER_QUARTER) / 90 - 1e-9), whole = fov === 360;
  const start = ((((90 - bearing - fov / 2) % 360) + 360) % 360) * (Math.PI / 180);
  const c = Math.cos(start), s = Math.sin(start), rays = [];
  for (let b = 0; b <= count; b++) {
    const angle = whole && b === count ? 0 : (fov * b * Math.PI) / count / 180;
    const u = Math.cos(angle), v = Math.sin(angle);
    rays.push({ key: whole && b === count ? 4 : keyOf(u, v), x: c * u - s * v, y: s * u + c * v });
  }
  const buckets = [];
  for (let b = 0; b < count; b++) {
    const one = rays[b], other = rays[b + 1], ax = range * one.x, ay = range * one.y;
    const dx = range * other.x - ax, dy = range * other.y - ay;
    buckets.push({ far2: range * range, held: [{ from: one, edge: { ax, ay, dx, dy, q: ax * dy - ay * dx } }] });
  }
  return { c, s, rays, buckets, count, whole };
}

const direction = (fan, x, y) => ({ key: keyOf(fan.c * x + fan.s * y, fan.c * y - fan.s * x), x, y });

/** How many times a direction has to be gone to meet an edge; 0 for what stands at the viewpoint. */
const along = (edge, ray) => (edge.q === 0 ? 0 : edge.q / (ray.x * edge.dy - ray.y * edge.dx));

function bucketOf(fan, key) {
  let low = 0, high = fan.count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fan.rays[middle].key <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Put an edge that is seen from one direction counter-clockwise to another; it may go over the fan's seam. */
function put(fan, edge, x0, y0, x1, y1) {
  const from = direction(fan, x0, y0), last = fan.rays[fan.count];
  let to = direction(fan, x1, y1);
  if (from.key > to.key) {
    if (to.key > 0) putSpan(fan, edge, fan.rays[0], to);
    to = { key: 4, x: last.x, y: last.y };
  }
  if (from.key < last.key) putSpan(fan, edge, from, to);
}

function putSpan(fan, edge, from, to) {
  for (let b = bucketOf(fan, from.key), last = bucketOf(fan, to.key); b <= last; b++) {
    const bucket = fan.buckets[b], begins = fan.rays[b], ends = fan.rays[b + 1];
    if (edge.near2 >= bucket.far2) continue;
    const low = begins.key > from.key ? begins : from, high = ends.key < to.key ? ends : to;
    if (high.key <= low.key) continue;
    bucket.held = merged(fan, bucket.held, edge, low, high, ends);
    bucket.far2 = farthest2(bucket.held, ends);
  }
}

/** The list of a bucket with an edge put in between two directions, where it is nearer than what was there. */
function merged(fan, held, edge, low, high, ends) {
  const list = [];
  held.forEach((piece, at) => {
    const stop = at + 1 < held.length ? held[at + 1].from : ends;
    list.push(piece);
    if (piece.from.key >= high.key || stop.key <= low.key) return;
    let u = piece.from.key > low.key ? piece.from : low, v = stop.key < high.key ? stop : high;
    const oldU = along(piece.edge, u), oldV = along(piece.edge, v);
    const gainU = oldU - along(edge, u), gainV = oldV - along(edge, v);
    let nearer = gainU + gainV > 0;
    if ((gainU < 0 && gainV > 0) || (gainV < 0 && gainU > 0)) {
      const cut = crossing(fan, edge, piece.edge);
      if (!(u.key < cut.key && cut.key < v.key)) nearer = gainU / oldU + gainV / oldV > 0;
      else if (gainU < 0) [u, nearer] = [cut, true];
      else [v, nearer] = [cut, true];
    }
    if (!nearer) return;
    if (u.key <= piece.from.key) list.pop();
    list.push({ from: u.key > piece.from.key ? u : piece.from, edge });
    if (v.key < stop.key) list.push({ from: v, edge: piece.edge });
  });
  return list;
}

function crossing(fan, one, other) {
  const turn = one.dx * other.dy - one.dy * other.dx;
  if (turn === 0) return { key: -1 };
  const share = ((other.ax - one.ax) * other.dy - (other.ay - one.ay) * other.dx) / turn;
  return direction(fan, one.ax + share * one.dx, one.ay + share * one.dy);
}

function farthest2(held, ends) {
  let far = 0;
  held.forEach((piece, at) => {
    for (const ray of [piece.from, at + 1 < held.length ? held[at + 1].from : ends]) {
      const times = along(piece.edge, ray);
      far = Math.max(far, times * times * (ray.x * ray.x + ray.y * ray.y));
    }
  });
  return far;
}

/** The viewpoint stands on an edge: what lies behind it is shut; at the edge's end its corner, round to the next edge. */
function shut(fan, foot, feet) {
  const on2 = ON_EDGE_M * ON_EDGE_M, wall = { q: 0, near2: 0 };
  if (foot.ax ** 2 + foot.ay ** 2 <= on2) return;
  if (feet.some((back) => same(back.ax, back.ay, foot.bx, foot.by) && same(back.bx, back.by, foot.ax, foot.ay))) return;
  let { bx, by } = foot;
  if (bx * bx + by * by <= on2) {
    const next = feet.find((other) => same(other.ax, other.ay, foot.bx, foot.by));
    if (!next) return;
    [bx, by] = [next.bx, next.by];
  }
  put(fan, wall, bx, by, foot.ax, foot.ay);
}

const same = (x, y, toX, toY) => Math.abs(x - toX) < SAME_M && Math.abs(y - toY) < SAME_M;

/** The pieces in order, neighbours of one edge joined, as corners from the viewpoint out. */
function ring(fan, x, y) {
  const pieces = [], last = fan.rays[fan.count];
  fan.buckets.forEach((bucket, b) => {
    bucket.held.forEach((piece, at) => {
      const stop = at + 1 < bucket.held.length ? bucket.held[at + 1].from : fan.rays[b + 1];
      if (stop.key - piece.from.key <= LEAST_TURN || pieces.at(-1)?.edge === piece.edge) return;
      pieces.push(piece);
    });
  });
  if (!pieces.length) return [];
  pieces[0] = { from: fan.rays[0], edge: pieces[0].edge };
  const corners = [];
  const add = (px, py) => {
    if (!corners.length || !same(px, py, ...corners.at(-1))) corners.push([px, py]);
  };
  if (!fan.whole) add(x, y);
  pieces.forEach((piece, at) => {
    for (const ray of [piece.from, at + 1 < pieces.length ? pieces[at + 1].from : last]) {
      const times = along(piece.edge, ray);
      add(x + times * ray.x, y + times * ray.y);
    }
  });
  while (corners.length > 1 && same(...corners.at(-1), ...corners[0])) corners.pop();
  return corners.length < 3 ? [] : [...corners, corners[0]];
}

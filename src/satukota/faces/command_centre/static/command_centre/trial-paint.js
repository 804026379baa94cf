// Paints views on a canvas over the map: bands by purpose inside what is in sight, shadows of low buildings cut out.
// Each camera has a layer as large as its view, painted anew only when it turned or the map moved: without a graphics
// card every pixel is work.
import { reach, toDegrees } from "./trial-view.js";

const SPAN_M = 400; // between the spots that tell how metres lie on the screen
const FAR = 20; // a shadow longer than so many ranges looks the same

export class Painter {
  /** @param {{px: number, fill: string}[]} bands from the sharpest to the widest */
  constructor(map, bands, colours) {
    this.map = map;
    this.bands = bands;
    this.colours = colours;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "trial-canvas";
    this.canvas.setAttribute("aria-hidden", "true");
    map.getCanvas().after(this.canvas);
    this.layers = {};
    this.stained = [];
    this.frames = 0;
  }

  /** @param {{ground: object, view: object, isActive: boolean, letter: string}[]} trials the active one last */
  paint(trials) {
    const { width, height } = this.map.getCanvas(), out = this.canvas.getContext("2d");
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    out.setTransform(1, 0, 0, 1, 0, 0);
    for (const box of this.stained.splice(0)) out.clearRect(box.x - 3, box.y - 3, box.width + 6, box.height + 6);
    const scale = width / this.map.getCanvas().clientWidth;
    for (const trial of trials) {
      if (!trial.view.ring.length) continue;
      const place = this.#place(trial.ground, scale), box = boxOf(trial.view.ring, place, width, height);
      if (!box) continue;
      out.globalAlpha = trial.isActive ? 0.78 : 0.42;
      out.drawImage(this.#layer(trial, place, box, scale), box.x, box.y);
      this.#hair(out, trial.view, place, scale);
      this.stained.push(box);
    }
    this.frames += 1;
  }

  /** How metres of this ground lie on the screen: the map is flat and stays north up, so this is exact to a pixel. */
  #place(ground, scale) {
    const at = (x, y) => this.map.project(toDegrees(ground, x, y));
    const o = at(0, 0), e = at(SPAN_M, 0), n = at(0, SPAN_M), k = scale / SPAN_M;
    return [(e.x - o.x) * k, (e.y - o.y) * k, (n.x - o.x) * k, (n.y - o.y) * k, o.x * scale, o.y * scale];
  }

  #layer({ view, ground, isActive, letter }, place, box, scale) {
    const key = JSON.stringify([view.eye, place, box, isActive]), kept = this.layers[letter];
    if (kept?.key === key && kept.ground === ground) return kept.canvas;
    const canvas = kept?.canvas ?? document.createElement("canvas");
    this.layers[letter] = { key, ground, canvas };
    [canvas.width, canvas.height] = [box.width, box.height]; // this clears it, too
    const pen = canvas.getContext("2d"), { eye } = view;
    pen.setTransform(place[0], place[1], place[2], place[3], place[4] - box.x, place[5] - box.y);
    pen.beginPath();
    trace(pen, view.ring);
    pen.clip();
    const disc = (radius, fill) => { pen.beginPath(); pen.arc(eye.x, eye.y, radius, 0, 2 * Math.PI); pen.fillStyle = fill; pen.fill(); };
    disc(eye.range + 1, this.colours.dim); // in sight, too blurred for anything
    for (const { px, fill } of [...this.bands].reverse()) { const far = reach(eye, px); if (far > 0) disc(far, fill); }
    this.#edge(pen, view, isActive, scale / Math.hypot(place[0], place[1]));
    pen.globalCompositeOperation = "destination-out";
    pen.fillStyle = "#000";
    shade(pen, view);
    return canvas;
  }

  /** The edge before the shadows: where a low building hides it, there is none. Half of it lies outside and is clipped. */
  #edge(pen, view, isActive, pixel) {
    pen.setLineDash(isActive ? [] : [7 * pixel, 5 * pixel]);
    pen.lineWidth = (isActive ? 5 : 6) * pixel;
    pen.strokeStyle = this.colours.edge;
    pen.beginPath();
    trace(pen, view.ring);
    pen.stroke();
  }

  /** How far it would see without the low buildings: a hair, so that their shadows are understood. */
  #hair(pen, view, place, scale) {
    pen.setTransform(...place);
    pen.beginPath();
    trace(pen, view.ring);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalAlpha = 0.45;
    pen.lineWidth = scale;
    pen.strokeStyle = this.colours.edge;
    pen.stroke();
  }
}

/** What of the screen a ring takes up, in whole pixels; null where it lies outside. */
function boxOf(ring, [a, b, c, d, e, f], width, height) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of ring) {
    const px = a * x + c * y + e, py = b * x + d * y + f;
    [left, top, right, bottom] = [Math.min(left, px), Math.min(top, py), Math.max(right, px), Math.max(bottom, py)];
  }
  [left, top, right, bottom] = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top)), Math.min(width, Math.ceil(right)), Math.min(height, Math.ceil(bottom))];
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

function trace(pen, ring) {
  ring.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

/** The ground low buildings stand on, and what each of their edges hides from itself to the end of its shadow. */
function shade(pen, { low, eye }) {
  pen.beginPath();
  for (const { rings } of low) for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i += 2) if (i) pen.lineTo(ring[i], ring[i + 1]); else pen.moveTo(ring[i], ring[i + 1]);
    pen.closePath();
  }
  pen.fill("nonzero"); // outlines turn left and courtyards right, so what overlaps stays filled
  pen.beginPath();
  for (const { grow, rings } of low) for (const ring of rings) for (let i = 0; i + 3 < ring.length; i += 2) shadow(pen, eye, grow, ring, i);
  pen.fill("nonzero");
}

/** All turn the same way, so that where they overlap they do not cancel each other. */
function shadow(pen, eye, grow, ring, i) {
  let ax = ring[i] - eye.x, ay = ring[i + 1] - eye.y, bx = ring[i + 2] - eye.x, by = ring[i + 3] - eye.y;
  if (ax * by - ay * bx < 0) [ax, ay, bx, by] = [bx, by, ax, ay];
  const far = Math.min(grow, (FAR * eye.range) / Math.max(1e-3, Math.min(Math.hypot(ax, ay), Math.hypot(bx, by))));
  pen.moveTo(eye.x + ax, eye.y + ay);
  pen.lineTo(eye.x + ax * far, eye.y + ay * far);
  pen.lineTo(eye.x + bx * far, eye.y + by * far);
  pen.lineTo(eye.x + bx, eye.y + by);
  pen.closePath();
}

// Paints views on a canvas over the map: bands by purpose inside what is in sight, shadows of low buildings cut out.
import { reach, toDegrees } from "./trial-view.js";

const SPAN_M = 400; // between the spots that tell how metres lie on the screen

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
    this.desk = document.createElement("canvas");
    this.frames = 0;
  }

  /** @param {{ground: object, view: object, isActive: boolean, letter: string}[]} trials the active one last */
  paint(trials) {
    const { width, height } = this.map.getCanvas();
    for (const each of [this.canvas, this.desk]) if (each.width !== width || each.height !== height) [each.width, each.height] = [width, height];
    const out = this.canvas.getContext("2d");
    out.setTransform(1, 0, 0, 1, 0, 0);
    out.clearRect(0, 0, width, height);
    const scale = width / this.map.getCanvas().clientWidth;
    for (const trial of trials) {
      if (!trial.view.ring.length) continue;
      const place = this.#place(trial.ground, scale);
      this.#bands(trial, place, scale);
      out.setTransform(1, 0, 0, 1, 0, 0);
      out.globalAlpha = trial.isActive ? 0.78 : 0.42;
      out.drawImage(this.desk, 0, 0);
      out.globalAlpha = 1;
      this.#reach(out, trial.view, place, scale);
    }
    this.frames += 1;
  }

  /** How metres of this ground lie on the screen: the map is flat and stays north up, so this is exact to a pixel. */
  #place(ground, scale) {
    const at = (x, y) => this.map.project(toDegrees(ground, x, y));
    const o = at(0, 0), e = at(SPAN_M, 0), n = at(0, SPAN_M), k = scale / SPAN_M;
    return [(e.x - o.x) * k, (e.y - o.y) * k, (n.x - o.x) * k, (n.y - o.y) * k, o.x * scale, o.y * scale];
  }

  #bands({ view, isActive }, place, scale) {
    const pen = this.desk.getContext("2d"), { eye } = view;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalCompositeOperation = "source-over";
    pen.clearRect(0, 0, this.desk.width, this.desk.height);
    pen.save();
    pen.setTransform(...place);
    pen.beginPath();
    trace(pen, view.ring);
    pen.clip();
    const disc = (radius, fill) => { pen.beginPath(); pen.arc(eye.x, eye.y, radius, 0, 2 * Math.PI); pen.fillStyle = fill; pen.fill(); };
    disc(eye.range + 1, this.colours.dim); // in sight, too blurred for anything
    for (const { px, fill } of [...this.bands].reverse()) { const far = reach(eye, px); if (far > 0) disc(far, fill); }
    // The edge before the shadows: where a low building hides it, there is none. Half of it lies outside and is clipped.
    const pixel = scale / Math.hypot(place[0], place[1]);
    pen.setLineDash(isActive ? [] : [7 * pixel, 5 * pixel]);
    pen.lineWidth = (isActive ? 5 : 6) * pixel;
    pen.strokeStyle = this.colours.edge;
    pen.beginPath();
    trace(pen, view.ring);
    pen.stroke();
    pen.globalCompositeOperation = "destination-out";
    pen.fillStyle = "#000";
    for (const one of view.low) shade(pen, one, eye);
    pen.restore();
  }

  /** How far it would see without the low buildings: a hair, so that their shadows are understood. */
  #reach(pen, view, place, scale) {
    pen.setTransform(...place);
    pen.beginPath();
    trace(pen, view.ring);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalAlpha = 0.45;
    pen.lineWidth = scale;
    pen.strokeStyle = this.colours.edge;
    pen.stroke();
    pen.globalAlpha = 1;
  }
}

function trace(pen, ring) {
  ring.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

/** The ground a low building stands on, and what each of its edges hides from itself to the end of its shadow. */
function shade(pen, { grow, rings }, eye) {
  pen.beginPath();
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i += 2) if (i) pen.lineTo(ring[i], ring[i + 1]); else pen.moveTo(ring[i], ring[i + 1]);
    pen.closePath();
  }
  pen.fill("evenodd");
  const far = Math.min(grow, 1e4), out = (value, from) => from + (value - from) * far;
  pen.beginPath();
  for (const ring of rings) for (let i = 0; i + 3 < ring.length; i += 2) {
    let [ax, ay, bx, by] = [ring[i], ring[i + 1], ring[i + 2], ring[i + 3]];
    // All quads turn the same way, so that where they overlap they do not cancel each other.
    if ((ax - eye.x) * (by - eye.y) - (ay - eye.y) * (bx - eye.x) < 0) [ax, ay, bx, by] = [bx, by, ax, ay];
    pen.moveTo(ax, ay);
    pen.lineTo(out(ax, eye.x), out(ay, eye.y));
    pen.lineTo(out(bx, eye.x), out(by, eye.y));
    pen.lineTo(bx, by);
    pen.closePath();
  }
  pen.fill("nonzero");
}

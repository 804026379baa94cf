// Marks told apart by shape as well as colour, drawn once at twice the size; hatches for what is not seen.
const SCALE = 2;

function canvas(size) {
  const element = document.createElement("canvas");
  element.width = element.height = size * SCALE;
  const draw = element.getContext("2d", { willReadFrequently: true });
  draw.scale(SCALE, SCALE);
  return [draw, () => draw.getImageData(0, 0, element.width, element.height)];
}

const outlines = {
  up: (d, c, r) => d.arc(c, c, r * 0.78, 0, 7),
  degraded: (d, c, r) => { d.moveTo(c, c - r); d.lineTo(c + r, c + r * 0.8); d.lineTo(c - r, c + r * 0.8); d.closePath(); },
  down: (d, c, r) => d.rect(c - r * 0.82, c - r * 0.82, r * 1.64, r * 1.64),
  unknown: (d, c, r) => { d.moveTo(c, c - r); d.lineTo(c + r, c); d.lineTo(c, c + r); d.lineTo(c - r, c); d.closePath(); },
  maintenance: (d, c, r) => { const a = r * 0.34; for (const [x, y] of [[-a, -r], [a, -r], [a, -a], [r, -a], [r, a], [a, a], [a, r], [-a, r], [-a, a], [-r, a], [-r, -a], [-a, -a]]) d.lineTo(c + x, c + y); d.closePath(); },
};

export function shapes(size, colour) {
  const fills = { up: colour("up"), degraded: colour("degraded-fill"), down: colour("down"), unknown: colour("card"), maintenance: colour("maintenance") };
  return Object.fromEntries(Object.entries(outlines).map(([state, outline]) => {
    const [draw, data] = canvas(size);
    draw.beginPath();
    outline(draw, size / 2, size / 2 - 3);
    draw.lineWidth = 2.4; draw.lineJoin = "round";
    draw.strokeStyle = state === "unknown" ? colour("unknown") : colour("card");
    draw.fillStyle = fills[state];
    draw.fill(); draw.stroke();
    return [state, data()];
  }));
}

export function hatch(colour, width) {
  const size = 8, [draw, data] = canvas(size);
  draw.strokeStyle = colour; draw.lineWidth = width;
  for (const shift of [-size, 0, size]) { draw.beginPath(); draw.moveTo(shift, size); draw.lineTo(shift + size, 0); draw.stroke(); }
  return data();
}

// Free places on a wall: [x, y, width, height] in cells of a grid. Pure rules first, then arranging by mouse and keys.
export const GRID = 12, LEAST = 2, MOST = 16;

const overlap = (a, b) => a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];

// Whether the place may be there beside all others but the one at `at`.
export function fits(places, at, [x, y, width, height]) {
  return x >= 0 && y >= 0 && width >= LEAST && height >= LEAST && x + width <= GRID && y + height <= GRID
    && places.every((other, index) => index === at || !overlap(other, [x, y, width, height]));
}

// The largest square up to 4 cells that is still free, from the top left; null where there is none.
export function freePlace(places) {
  if (places.length >= MOST) return null;
  for (let size = 4; size >= LEAST; size--) {
    for (let y = 0; y + size <= GRID; y++) {
      for (let x = 0; x + size <= GRID; x++) if (fits(places, -1, [x, y, size, size])) return [x, y, size, size];
    }
  }
  return null;
}

// 1, 4, 9 or 16 equal ones.
export function equalPlaces(tiles) {
  const side = Math.round(Math.sqrt(tiles)), size = GRID / side;
  return Array.from({ length: tiles }, (_, index) => [(index % side) * size, Math.floor(index / side) * size, size, size]);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The place after an arrow key: moved, with Shift sized; unchanged where that does not fit.
export function stepped(places, at, key, isSizing) {
  const [x, y, width, height] = places[at], [across, down] = STEPS[key];
  const wanted = isSizing ? [x, y, width + across, height + down] : [x + across, y + down, width, height];
  return fits(places, at, wanted) ? wanted : places[at];
}

// Arranging by mouse: the tile is dragged, its corner sizes it. `places()` and `put(at, place)` are the wall's.
export function arrangeByPointer(grid, { isOn, places, put }) {
  grid.addEventListener("pointerdown", (event) => {
    const tile = event.target.closest(".vw-tile");
    if (!isOn() || !tile || event.button) return;
    event.preventDefault();
    const at = [...grid.children].indexOf(tile), start = places()[at], isSizing = !!event.target.closest(".vw-corner");
    const box = grid.getBoundingClientRect(), from = [event.clientX, event.clientY];
    const move = ({ clientX, clientY }) => {
      const across = Math.round(((clientX - from[0]) / box.width) * GRID), down = Math.round(((clientY - from[1]) / box.height) * GRID);
      const [x, y, width, height] = start;
      const wanted = isSizing ? [x, y, width + across, height + down] : [x + across, y + down, width, height];
      if (fits(places(), at, wanted)) put(at, wanted);
    };
    const end = () => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); removeEventListener("pointercancel", end); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  });
}

// The box of live pictures on a camera's page, in the map's drawer and on an incident: opened by a click, closed again.
import { Link, askWhatIsNeeded, post } from "./live-link.js";
import { toldOf } from "./live-words.js";
import { toast } from "../satukota/frame.js";

const en = document.documentElement.lang === "en";
const boxes = new WeakMap();
const part = (box, name) => box.querySelector(`[data-live-${name}]`);

function draw(box) {
  const link = boxes.get(box), mark = part(box, "mark");
  if (!link) return;
  const { state, text } = toldOf(link);
  if (box.dataset.state !== state) box.dataset.state = state;
  if (mark.textContent !== text) mark.textContent = text;
  if (link.recoded) part(box, "words").textContent = en ? "H.265, recoded for this browser" : "H.265, formatnya diubah untuk peramban ini";
}

function trouble(box, problem) {
  const place = part(box, "problem");
  place.hidden = !problem;
  place.textContent = problem ? `${problem.text} ${problem.fix}` : "";
}

// What a protected camera is opened for; null when the person thinks better of it.
function purposeOf(box, problem = null) {
  const dialog = part(box, "purpose"), form = dialog.querySelector("form"), asked = part(box, "asked");
  asked.hidden = !problem;
  asked.textContent = problem ? `${problem.text} ${problem.fix}` : "";
  askWhatIsNeeded(form);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(
    dialog.returnValue === "open" ? Object.fromEntries(new FormData(form)) : null), { once: true }));
}

async function start(box, problem = null) {
  if (boxes.has(box)) return;
  const why = { place: box.dataset.place };
  if (box.dataset.protected) {
    const said = await purposeOf(box, problem);
    if (!said) return;
    Object.assign(why, said);
  } else if (box.dataset.incident) why.incident = box.dataset.incident;
  trouble(box, null);
  const link = new Link({
    ask: box.dataset.ask, stage: part(box, "stage"), why, onChange: () => draw(box),
    onRefused: (refusal) => { stop(box); if (refusal.code === "keperluan_belum_disebut" && box.dataset.protected) start(box, refusal); else trouble(box, refusal); },
  });
  boxes.set(box, link);
  part(box, "start").hidden = true;
  part(box, "bar").hidden = false;
  part(box, "stop").focus({ preventScroll: true });
  draw(box);
  const timer = setInterval(() => {
    if (boxes.get(box) !== link) { clearInterval(timer); return; }
    if (!box.isConnected) { stop(box); return; }
    draw(box);
  }, 200);
  if (box.dataset.presets) presets(box);
}

function stop(box) {
  const link = boxes.get(box);
  if (!link) return;
  boxes.delete(box);
  link.close();
  box.dataset.state = "off";
  part(box, "mark").textContent = "";
  part(box, "bar").hidden = true;
  part(box, "start").hidden = false;
  if (box.isConnected) part(box, "start").focus({ preventScroll: true });
}

async function keep(box) {
  const note = window.prompt(en ? "Note for this picture (may stay empty)" : "Keterangan gambar ini (boleh kosong)", "");
  if (note === null) return;
  const answer = await post(box.dataset.keep, { note, incident: box.dataset.incident ?? "" });
  if (answer.ok) toast(`${answer.told.text} ${answer.told.at}`, "up", answer.told.url);
  else if (answer.problem) trouble(box, answer.problem);
}

async function presets(box) {
  const choice = part(box, "presets"), answer = await fetch(box.dataset.presets, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!choice || !answer.ok || choice.options.length > 1) return;
  for (const { token, name } of (await answer.json()).presets) choice.add(new Option(name, token));
}

async function steer(box, fields) {
  const answer = await post(box.dataset.steer, fields);
  trouble(box, answer.ok ? null : answer.problem);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button"), box = button?.closest("[data-live]");
  if (!box) return;
  const { dataset } = button;
  if ("liveStart" in dataset) start(box);
  else if ("liveStop" in dataset) stop(box);
  else if ("liveKeep" in dataset) keep(box);
  else if ("liveFull" in dataset) document.fullscreenElement ? document.exitFullscreen() : part(box, "stage").requestFullscreen?.();
});

// A held button asks again and again; letting go stops. The camera ends a move by itself when we are cut off.
let held = null;
const release = () => { if (held) { clearInterval(held.timer); steer(held.box, { pan: 0, tilt: 0, zoom: 0 }); held = null; } };
function hold(button) {
  release();
  const box = button.closest("[data-live]"), [pan, tilt, zoom] = button.dataset.move.split(" ");
  const act = () => steer(box, { pan, tilt, zoom });
  held = { box, timer: setInterval(act, 400) };
  act();
}
document.addEventListener("pointerdown", (event) => { const button = event.target.closest("[data-live] [data-move]"); if (button) hold(button); });
for (const end of ["pointerup", "pointercancel", "blur"]) window.addEventListener(end, release);
document.addEventListener("keydown", (event) => { const button = event.target.closest?.("[data-live] [data-move]"); if (button && !event.repeat && (event.key === "Enter" || event.key === " ")) { hold(button); event.preventDefault(); } });
document.addEventListener("keyup", release);
document.addEventListener("change", (event) => {
  const choice = event.target.closest("[data-live-presets]");
  if (choice?.value) steer(choice.closest("[data-live]"), { preset: choice.value });
});

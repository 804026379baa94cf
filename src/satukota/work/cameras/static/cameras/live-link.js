// One camera, one connection to the hub: asks for a ticket, comes in, keeps the clocks apart, comes back after a loss.
import { playerFor, playsHevc } from "./live-player.js";

const token = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
const LATE_S = 2;

export async function post(url, fields) {
  const answer = await fetch(url, {
    method: "POST", credentials: "same-origin", body: new URLSearchParams(fields),
    headers: { Accept: "application/json", "X-CSRFToken": token() },
  });
  const told = await answer.json().catch(() => ({}));
  return { ok: answer.ok, status: answer.status, told, problem: told.error ?? null };
}

// A purpose that needs an incident or a note asks for it before it is sent.
export function askWhatIsNeeded(form) {
  const { purpose, incident, note } = form.elements;
  const need = () => {
    const chosen = purpose.selectedOptions[0]?.dataset ?? {};
    incident.required = "incident" in chosen;
    note.required = "note" in chosen;
  };
  purpose.onchange = need;
  need();
}

export class Link {
  // `stage`: where the picture goes; `onChange(link)`: something to show changed; `onRefused(problem)`: no ticket.
  constructor({ ask, stage, why = {}, stream = "main", onChange = () => {}, onRefused = () => {} }) {
    Object.assign(this, { ask, stage, why, stream, onChange, onRefused });
    this.player = null;
    this.state = "connecting";
    this.cause = "";
    this.recoded = false;
    this.offset = null; // the hub's clock minus ours, seconds
    this.bestTrip = Infinity;
    this.lastShownAt = 0;
    this.tries = 0;
    this.closed = false;
    this.startedAt = performance.now();
    this.connect();
  }

  // Seconds since the picture on the screen was whole at the hub; null before the first one.
  get age() {
    const at = this.player?.shownAt || this.lastShownAt;
    return at && this.offset !== null ? Math.max(0, Date.now() / 1000 + this.offset - at) : null;
  }

  // Pictures by HLS are seconds old and never called live; older than theirs they are late.
  get lateAfter() { return this.player?.lateAfter ?? LATE_S; }
  get isDelayed() { return !!this.player?.wantsList; }

  async connect() {
    let answer;
    try {
      answer = await post(this.ask, { ...this.why, stream: this.stream });
    } catch { this.again(); return; }
    if (this.closed) return;
    if (!answer.ok) {
      if (answer.status >= 500 || !answer.problem) this.again();
      else { this.say("refused", answer.problem.code); this.onRefused(answer.problem); }
      return;
    }
    if (!answer.told.ticket) { this.say("refused", "signed_out"); return; } // the sign-in page answered
    this.hadList = false;
    const base = this.base = answer.told.url || location.origin.replace(/^http/, "ws");
    const socket = this.socket = new WebSocket(`${base}/langsung`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { socket.send(JSON.stringify({ ticket: answer.told.ticket, hevc: playsHevc() })); this.ping(); this.pinging = setInterval(() => this.ping(), 5000); };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.words(JSON.parse(data)) : this.bytes(data));
    socket.onclose = () => { clearInterval(this.pinging); if (!this.closed && this.socket === socket && this.state !== "ended" && this.state !== "unplayable") this.again(); };
  }

  ping() { if (this.socket?.readyState === 1) this.socket.send(JSON.stringify({ ping: performance.now() })); }

  words(said) {
    if (said.pong !== undefined) {
      const trip = (performance.now() - said.pong) / 1000;
      if (trip <= this.bestTrip * 1.2) { this.bestTrip = Math.min(trip, this.bestTrip); this.offset = said.now + trip / 2 - Date.now() / 1000; }
      return;
    }
    if (said.now && this.offset === null) this.offset = said.now - Date.now() / 1000;
    if (said.recoded) this.recoded = true;
    if (said.hls && this.player?.wantsList) { this.tries = 0; this.player.list(this.base.replace(/^ws/, "http") + said.hls, said); }
    if (said.state) {
      if (said.state === "ended" && (said.cause === "ticket" || said.cause === "database")) return; // asked again
      this.say(said.state, said.cause ?? "");
    }
  }

  bytes(data) {
    const view = new DataView(data);
    if (view.getUint8(0) === 1) this.open(data, view);
    else if (this.player) {
      this.tries = 0;
      this.player.picture({ isKey: view.getUint8(1) === 1, at: view.getFloat64(2), media: view.getFloat64(10), fragment: new Uint8Array(data, 18) });
    }
  }

  open(data, view) {
    const size = view.getUint32(1), facts = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 5, size)));
    this.shut();
    this.player = playerFor({
      codec: facts.codec, width: facts.width, height: facts.height, sampleAt: facts.sample_at,
      record: Uint8Array.from(atob(facts.record), (letter) => letter.charCodeAt(0)), segment: new Uint8Array(data, 5 + size),
    }, () => this.restart());
    if (!this.player) { this.say("unplayable", "browser"); this.socket.close(); return; }
    this.facts = facts;
    const wants = !!this.player.wantsList;
    if (wants || this.hadList) this.socket.send(JSON.stringify({ hls: wants }));
    this.hadList = wants;
    this.stage.querySelector(":scope > canvas, :scope > video")?.remove();
    this.stage.prepend(this.player.element);
    this.onChange(this);
  }

  // The last picture stays where it is until a new one comes, with its age.
  shut() {
    if (!this.player) return;
    this.lastShownAt = this.player.shownAt || this.lastShownAt;
    const last = this.player.element;
    if (last.tagName === "VIDEO" && last.videoWidth) {
      const still = document.createElement("canvas");
      still.width = last.videoWidth;
      still.height = last.videoHeight;
      still.getContext("2d").drawImage(last, 0, 0);
      last.replaceWith(still);
    }
    this.player.close();
    this.player = null;
  }

  restart() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.again();
  }

  again() {
    if (this.closed) return;
    this.shut();
    this.say("lost", "hub");
    clearTimeout(this.later);
    this.later = setTimeout(() => this.connect(), Math.min(10000, 400 * 2 ** this.tries++) * (0.8 + Math.random() * 0.4));
  }

  say(state, cause) {
    if (state === this.state && cause === this.cause) return;
    this.state = state;
    this.cause = cause;
    this.onChange(this);
  }

  close({ keepPicture = false } = {}) {
    this.closed = true;
    clearTimeout(this.later);
    clearInterval(this.pinging);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.shut();
    if (!keepPicture) this.stage.querySelector(":scope > canvas, :scope > video")?.remove();
  }
}

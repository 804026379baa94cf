// Showing pictures as they come. WebCodecs where the page is secure (sooner, exact), Media Source elsewhere, HLS where
// there is neither: seconds later, and said so.
// Both say of which moment the picture on the screen is: `shownAt`, the hub's clock in seconds, 0 before the first.
const Source = window.ManagedMediaSource ?? window.MediaSource;
const BEHIND_S = 0.15, TOO_FAR_S = 1, KEEP_S = 20;

export const mediaType = (codec) => `video/mp4; codecs="${codec}"`;
const playsLists = () => !!document.createElement("video").canPlayType("application/vnd.apple.mpegurl");
export function playsHevc() {
  const type = mediaType("hvc1.1.6.L93.B0");
  return Source ? !!Source.isTypeSupported?.(type) : playsLists() && !!document.createElement("video").canPlayType(type);
}

export function playerFor(opening, onTrouble) {
  if (opening.codec === "jpeg") return new StillPlayer(opening);
  if (window.isSecureContext && window.VideoDecoder && opening.codec.startsWith("avc1")) return new FramePlayer(opening, onTrouble);
  if (Source?.isTypeSupported?.(mediaType(opening.codec))) return new SourcePlayer(opening, onTrouble);
  if (playsLists()) return new ListPlayer(onTrouble);
  return null;
}

class FramePlayer {
  constructor(opening, onTrouble) {
    this.element = document.createElement("canvas");
    this.element.width = opening.width;
    this.element.height = opening.height;
    this.paper = this.element.getContext("2d", { alpha: false, desynchronized: true });
    this.sampleAt = opening.sampleAt;
    this.moments = new Map();
    this.shownAt = 0;
    this.shown = 0;
    this.needsKey = true;
    this.decoder = new VideoDecoder({ output: (frame) => this.show(frame), error: () => onTrouble() });
    this.decoder.configure({ codec: opening.codec, description: opening.record, optimizeForLatency: true });
  }

  show(frame) {
    const at = this.moments.get(frame.timestamp);
    for (const key of this.moments.keys()) if (key <= frame.timestamp) this.moments.delete(key);
    // A newcomer's first pictures are up to one key interval old: the first is drawn, with its age, then only the newest.
    if (!this.shown || this.decoder.decodeQueueSize < 4) {
      this.paper.drawImage(frame, 0, 0, this.element.width, this.element.height);
      this.shownAt = at ?? this.shownAt;
      this.shown++;
    }
    frame.close();
  }

  picture({ at, media, isKey, fragment }) {
    if (this.decoder.state !== "configured" || (this.needsKey && !isKey)) return;
    if (this.decoder.decodeQueueSize > 60) { this.needsKey = true; return; }
    this.needsKey = false;
    const timestamp = Math.round(media * 1e6);
    this.moments.set(timestamp, at);
    this.decoder.decode(new EncodedVideoChunk({ type: isKey ? "key" : "delta", timestamp, data: fragment.subarray(this.sampleAt) }));
  }

  close() {
    if (this.decoder.state !== "closed") this.decoder.close();
    this.moments.clear();
  }
}

// MJPEG: every picture is whole, so only the newest is worth drawing.
class StillPlayer {
  constructor(opening) {
    this.element = document.createElement("canvas");
    this.element.width = opening.width;
    this.element.height = opening.height;
    this.paper = this.element.getContext("2d", { alpha: false });
    this.sampleAt = opening.sampleAt;
    this.shownAt = 0;
    this.shown = 0;
    this.newest = null;
    this.isDrawing = false;
    this.isClosed = false;
  }

  picture({ at, fragment }) {
    this.newest = { at, content: fragment.subarray(this.sampleAt) };
    if (!this.isDrawing) this.draw();
  }

  async draw() {
    this.isDrawing = true;
    while (this.newest && !this.isClosed) {
      const { at, content } = this.newest;
      this.newest = null;
      const picture = await createImageBitmap(new Blob([content], { type: "image/jpeg" })).catch(() => null);
      if (!picture || this.isClosed) continue;
      this.paper.drawImage(picture, 0, 0, this.element.width, this.element.height);
      picture.close();
      this.shownAt = at;
      this.shown++;
    }
    this.isDrawing = false;
  }

  close() { this.isClosed = true; }
}

class SourcePlayer {
  constructor(opening, onTrouble) {
    this.element = document.createElement("video");
    Object.assign(this.element, { muted: true, autoplay: true, playsInline: true, disableRemotePlayback: true });
    this.shownAt = 0;
    this.shown = 0;
    this.moments = [];
    this.waiting = [opening.segment];
    this.onTrouble = onTrouble;
    this.source = new Source();
    this.url = URL.createObjectURL(this.source);
    this.source.addEventListener("sourceopen", () => this.begin(mediaType(opening.codec)), { once: true });
    this.element.src = this.url;
    this.element.addEventListener("error", () => this.element.src && onTrouble());
    if (this.element.requestVideoFrameCallback) this.element.requestVideoFrameCallback((_, facts) => this.note(facts));
    this.timer = setInterval(() => this.chase(), 200);
  }

  begin(type) {
    if (this.source.readyState !== "open") return;
    this.buffer = this.source.addSourceBuffer(type);
    this.buffer.addEventListener("updateend", () => this.pump());
    this.pump();
  }

  pump() {
    if (!this.buffer || this.buffer.updating || this.source.readyState !== "open") return;
    const { buffered } = this.element;
    if (buffered.length && this.element.currentTime - buffered.start(0) > 2 * KEEP_S) {
      this.buffer.remove(0, this.element.currentTime - KEEP_S);
      return;
    }
    if (!this.waiting.length) { this.chase(); return; }
    const parts = this.waiting.splice(0);
    const all = parts.length === 1 ? parts[0] : new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    if (parts.length > 1) parts.reduce((at, part) => { all.set(part, at); return at + part.length; }, 0);
    try { this.buffer.appendBuffer(all); } catch { this.onTrouble(); }
  }

  chase() {
    const video = this.element, { buffered } = video;
    if (!buffered.length || document.hidden) return;
    const end = buffered.end(buffered.length - 1), behind = end - video.currentTime;
    if (behind > TOO_FAR_S || video.currentTime < buffered.start(buffered.length - 1)) video.currentTime = Math.max(buffered.start(buffered.length - 1), end - 0.05);
    else video.playbackRate = behind > BEHIND_S ? 1.12 : 1;
    if (video.paused) video.play().catch(() => {});
  }

  note(facts) {
    const found = this.moments.findLastIndex(([media]) => media <= facts.mediaTime + 0.002);
    if (found >= 0) { this.shownAt = this.moments[found][1]; this.moments.splice(0, found); }
    this.shown++;
    this.element.requestVideoFrameCallback((_, next) => this.note(next));
  }

  picture({ at, media, fragment }) {
    this.moments.push([media, at]);
    if (this.moments.length > 1000) this.moments.splice(0, 500);
    if (!this.element.requestVideoFrameCallback) this.shownAt = at; // an old browser cannot say what it shows
    this.waiting.push(fragment);
    if (this.waiting.length > 300) { this.onTrouble(); return; }
    this.pump();
  }

  close() {
    clearInterval(this.timer);
    this.moments = [];
    this.element.removeAttribute("src");
    this.element.load();
    URL.revokeObjectURL(this.url);
  }
}

// HLS by the browser itself. `wantsList`: the hub is asked for one, and says where it is.
class ListPlayer {
  constructor(onTrouble) {
    this.wantsList = true;
    this.lateAfter = 12; // seconds
    this.element = document.createElement("video");
    Object.assign(this.element, { muted: true, autoplay: true, playsInline: true, disableRemotePlayback: true });
    this.shown = 0;
    this.at = "";
    this.element.addEventListener("error", () => this.at && onTrouble());
    this.element.addEventListener("loadeddata", () => { this.began = this.element.currentTime; this.shown = 1; });
    this.timer = setInterval(() => this.chase(), 500);
  }

  // Of which moment the picture is: by the list's own dates where the browser tells them, else counted from the oldest
  // picture that was in the list, so that the age may be said too high by a segment or two and never too low.
  get shownAt() {
    if (!this.shown) return 0;
    const listed = this.element.getStartDate?.().getTime();
    return listed ? listed / 1000 + this.element.currentTime : this.from + this.element.currentTime - this.began;
  }

  list(at, { from, segment_s: length }) {
    if (this.at) return;
    this.at = at;
    this.from = from;
    this.lateAfter = Math.max(12, 6 * length);
    this.element.src = at;
    this.element.play().catch(() => {});
  }

  // Back to the end after a pause, where the browser says how far it is; and on when it stopped.
  chase() {
    const video = this.element, { seekable } = video;
    if (document.hidden || !this.shown) return;
    const end = seekable.length ? seekable.end(seekable.length - 1) : 0;
    if (end - video.currentTime > this.lateAfter) video.currentTime = end - this.lateAfter / 2;
    if (video.paused) video.play().catch(() => {});
  }

  picture() {}

  close() {
    clearInterval(this.timer);
    this.at = "";
    this.element.removeAttribute("src");
    this.element.load();
  }
}

// What is said over a live picture. A picture older than two seconds is never called live.
const en = document.documentElement.lang === "en";
const CAUSES = en ? {
  stalled: "the camera sends nothing", closed_by_camera: "the camera hung up", login_refused: "the camera refuses our password",
  tcp_timeout: "the camera does not answer", tcp_refused: "the camera refuses the connection", dns: "the camera's name is unknown",
  rtsp_silent: "the camera does not answer", busy: "the camera is busy", codec_unsupported: "this video format is not supported",
  recoders_busy: "H.265: this browser cannot play it, and the server recodes as many as it may", browser: "this browser cannot play it",
  signed_out: "you are no longer signed in",
  not_lent: "the owner's installation does not lend this camera now", peer_silent: "the owner's installation does not answer",
  revoked: "your authority to watch has ended", retired: "the camera was retired", hub: "the live service does not answer",
} : {
  stalled: "kamera tidak mengirim gambar", closed_by_camera: "kamera memutus sambungan", login_refused: "kamera menolak sandi kami",
  tcp_timeout: "kamera tidak menjawab", tcp_refused: "kamera menolak sambungan", dns: "nama kamera tidak dikenal",
  rtsp_silent: "kamera tidak menjawab", busy: "kamera sedang penuh", codec_unsupported: "format videonya tidak didukung",
  recoders_busy: "H.265: peramban ini tidak dapat memutarnya, dan jatah pengubahan format sedang penuh", browser: "peramban ini tidak dapat memutarnya",
  signed_out: "Anda tidak lagi masuk; masuk kembali dahulu",
  not_lent: "instalasi pemiliknya tidak meminjamkan kamera ini sekarang", peer_silent: "instalasi pemiliknya tidak menjawab",
  revoked: "wewenang Anda menonton telah berakhir", retired: "kamera dihentikan", hub: "layanan gambar langsung tidak menjawab",
};
const seconds = (age) => (age < 10 ? age.toFixed(1) : String(Math.round(age))).replace(".", en ? "." : ",");
export const clockOf = (at) => new Date(at * 1000).toLocaleTimeString(en ? "en-GB" : "id-ID", { hour12: false });

// { state: live | delayed | late | connecting | lost | ended, text }
export function toldOf(link) {
  const { age, state } = link, why = CAUSES[link.cause] ?? link.cause;
  if (state === "ended" || state === "refused" || state === "unplayable") return { state: "ended", text: `${en ? "CLOSED" : "DITUTUP"}${why ? ` · ${why}` : ""}` };
  if (age === null) return state === "lost" ? { state: "lost", text: `${en ? "NO PICTURE" : "TIDAK ADA GAMBAR"} · ${why}` } : { state: "connecting", text: en ? "opening…" : "membuka…" };
  if (age > link.lateAfter) return { state: "late", text: `${en ? "LATE" : "TERLAMBAT"} · ${en ? `picture ${seconds(age)} s old` : `gambar ${seconds(age)} detik lalu`}${state === "lost" && why ? ` · ${why}` : ""}` };
  const recoded = link.recoded ? (en ? " · H.265 recoded" : " · H.265 diubah") : "";
  if (link.isDelayed) return { state: "delayed", text: `${en ? "DELAYED" : "TERTUNDA"} · ${seconds(age)} ${en ? "s" : "detik"}${recoded}` };
  return { state: "live", text: `${en ? "LIVE" : "LANGSUNG"} · ${seconds(age)} ${en ? "s" : "detik"}${recoded}` };
}

// The live feed: one connection a page, resumed after a loss from the last number seen, nothing twice.
const listeners = [];
let source = null, last = 0, retry = 0;

export function listen(handlers) {
  listeners.push(handlers);
  if (!source) connect();
}

function tell(name, value) {
  for (const handlers of listeners) handlers[name]?.(value);
}

function connect() {
  const body = document.body.dataset;
  if (body.feed === undefined) return;
  last = last || Number(body.feedFrom || 0);
  const address = new URL((body.feed || "") + "/kabar", location.href);
  if (last) address.searchParams.set("since", last);
  source = new EventSource(address, { withCredentials: true });
  source.onopen = () => { retry = 0; tell("state", true); };
  source.onerror = () => {
    tell("state", false);
    source.close(); // our own reconnection: the browser's would drop `since` on a refused connection
    setTimeout(connect, Math.min(15000, 500 * 2 ** retry++) * (0.7 + Math.random() * 0.6));
  };
  source.addEventListener("start", (event) => { last = last || Number(event.lastEventId || 0); });
  source.addEventListener("reset", (event) => { last = Number(event.lastEventId || 0); tell("reset", null); });
  for (const topic of ["status_changed", "incident_changed", "coverage_changed", "pulse"]) {
    source.addEventListener(topic, (event) => {
      const id = Number(event.lastEventId);
      if (id <= last) return;
      last = id;
      tell(topic, JSON.parse(event.data));
    });
  }
}
export const lastSeen = () => last;

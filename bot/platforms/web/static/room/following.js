// Following the room: what happens in it is shown as it happens, and after a gap nothing is missing.

import { ask } from "./asking.js";
import { learnName, me } from "./identity.js";
import { show, showAll } from "./messages.js";
import { $, api, tell } from "./page.js";

const AGAIN = 2000; // ms until a stream that was refused is asked for again

let events = null;
let waiting = null; // what came while the room was being read; null: show at once

function state(name) {
  $("state").dataset.state = name;
  $("state").firstElementChild.textContent = name;
}

export function follow() {
  events?.close();
  const who = me ? `?person=${encodeURIComponent(me)}` : "";
  const stream = (events = new EventSource(`${api}/events${who}`));
  let read = false;
  // The stream is open before the room is read, so that nothing falls between the two; when a browser connects
  // again by itself it names the last event that it had, and nothing has to be read again.
  stream.addEventListener("open", async () => {
    state("connected");
    if (read) return;
    waiting = [];
    try {
      const { messages } = await ask(`${api}/messages${who}`);
      if (stream !== events) return;
      read = true;
      showAll(messages);
      waiting.forEach(show);
    } catch (fault) {
      tell(fault.message);
    }
    waiting = null;
  });
  for (const kind of ["message", "edit"]) {
    stream.addEventListener(kind, ({ data }) => (waiting ? waiting.push(JSON.parse(data)) : show(JSON.parse(data))));
  }
  stream.addEventListener("error", () => {
    if (stream !== events) return;
    state("reconnecting");
    if (stream.readyState === EventSource.CLOSED) setTimeout(comeBack, AGAIN);
  });
}

// A stream that was refused does not try again by itself: find out who we are now, then follow anew.
export async function comeBack() {
  try {
    await learnName();
    follow();
  } catch {
    setTimeout(comeBack, AGAIN);
  }
}

addEventListener("online", () => events?.readyState === EventSource.CLOSED && comeBack());

// Following the room: what happens in it is shown as it happens, and after a gap nothing is missing.

import { ask } from "./asking.js";
import { learnName, me } from "./identity.js";
import { dropGone, shownIds, show, showAll } from "./messages.js";
import { $, api, tell } from "./page.js";

const SOON = 1000; // ms until a stream that broke off is asked for again; twice as many after each vain try …
const LATEST = 30_000; // … but no more than so many
const BATCH = 100; // messages that the room gives at once

let events = null;
let last = ""; // the last event that the page shows; a stream goes on from there
let tries = 0; // in vain, one after the other
let timer = null; // of the next one

function state(name) {
  $("state").dataset.state = name;
  $("state").firstElementChild.textContent = name;
}

function noTimer() {
  clearTimeout(timer);
  timer = null;
}

// Reads the room as whoever we are now, and follows it.
export function follow() {
  last = "";
  connect();
}

function connect() {
  events?.close();
  noTimer();
  const who = me ? { person: me } : {};
  const stream = (events = new EventSource(`${api}/events?${new URLSearchParams({ ...who, ...(last && { after: last }) })}`));
  let waiting = last ? null : []; // what comes before the room is read; null: shown at once
  const take = ({ type, data, lastEventId }) => {
    last = lastEventId;
    if (type === "deletion") lookAgain(who).catch(() => stream === events && readAgain());
    else show(JSON.parse(data));
  };
  // The stream is open before the room is read, so that nothing falls between the two.
  stream.addEventListener("open", async () => {
    tries = 0;
    state("connected");
    if (!waiting) return;
    try {
      const { messages } = await ask(`${api}/messages?${new URLSearchParams(who)}`);
      if (stream !== events) return;
      showAll(messages);
      last = String(messages.at(-1)?.id ?? ""); // ids are numbers of events
      waiting.forEach(take);
      waiting = null;
    } catch (fault) {
      if (stream !== events) return;
      tell(fault.message);
      again();
    }
  });
  for (const kind of ["message", "edit", "deletion"]) {
    stream.addEventListener(kind, (event) => (waiting ? waiting.push(event) : take(event)));
  }
  stream.addEventListener("error", () => stream === events && again());
}

// Takes away what the room has no longer.
async function lookAgain(who) {
  const before = shownIds();
  const there = new Set();
  if (before.length === 0) return;
  let messages = [{ id: before[0] - 1 }];
  do {
    ({ messages } = await ask(`${api}/messages?${new URLSearchParams({ ...who, after: messages.at(-1).id })}`));
    for (const { id } of messages) there.add(id);
  } while (messages.length === BATCH);
  dropGone(before, there);
}

function readAgain() {
  last = "";
  again();
}

// A browser that tries again by itself does so every second, for as long as the bot is away. The pauses of two pages
// differ, so that not all of them come back at once.
function again() {
  state("reconnecting");
  events?.close();
  events = null;
  noTimer();
  timer = setTimeout(comeBack, Math.min(LATEST, SOON * 2 ** tries++) * (0.5 + Math.random() / 2));
}

// Finds out who we are now, and goes on from there.
export async function comeBack() {
  const before = me;
  noTimer();
  try {
    await learnName();
    if (me === before) connect();
    else follow();
  } catch {
    again();
  }
}

// Tries at once what would be tried later, as when there is reason to think that the bot is back.
export function hurry() {
  if (timer !== null) comeBack();
}

addEventListener("online", hurry);
document.addEventListener("visibilitychange", () => document.hidden || hurry());

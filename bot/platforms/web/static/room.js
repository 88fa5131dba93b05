// The room's page: it follows the room's events, shows messages, and sends what is written or pressed. Its parts are in
// room/, a concept each; whoever is imported has never heard of who imports it.

import "./room/attaching.js";
import { comeBack, follow } from "./room/following.js";
import { learnName, me } from "./room/identity.js";
import { askName } from "./room/naming.js";
import { $, room } from "./room/page.js";
import "./room/pressing.js";
import "./room/writing.js";

$("room-name").textContent = room === "lobby" ? "the lobby" : room;
document.title = room === "lobby" ? "Planchette" : `${room} – Planchette`;
learnName().then(() => {
  follow();
  if (me) $("text").focus();
  else askName();
}, comeBack);

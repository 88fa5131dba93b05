// Pressing buttons, with the mouse and with the keys.

import { ask } from "./asking.js";
import { me } from "./identity.js";
import { idOf, markPressed, newestVote } from "./messages.js";
import { askName } from "./naming.js";
import { $, api, tell } from "./page.js";
import { rememberPress } from "./pressed.js";

async function press(id, action) {
  if (!me && !(await askName())) return;
  try {
    const { notice } = await ask(`${api}/press`, { person: me, message: id, action });
    rememberPress(id, action);
    markPressed(id);
    tell(notice);
  } catch (fault) {
    tell(fault.message);
  }
}

$("messages").addEventListener("click", ({ target }) => {
  const button = target.closest(".buttons button");
  if (button) press(idOf(button), button.dataset.action);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || $("naming").open) return;
  const writing = event.target.matches("textarea, input");
  const group = event.target.closest(".buttons");
  if (!writing && /^[1-9]$/.test(event.key)) {
    // only votes are cast with a digit: what agrees, deletes or begins something is pressed on purpose
    const button = (group ? event.target.closest(".ballot .buttons") : newestVote())?.children[event.key - 1];
    button?.focus();
    button?.click();
  } else if (group && /^Arrow/.test(event.key)) {
    const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : -1;
    const all = [...group.children];
    all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
    event.preventDefault();
  } else if (!writing && (event.key === "/" || event.key === "Escape")) {
    $("text").focus(); // a slash is typed there
  }
});

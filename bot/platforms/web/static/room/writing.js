// Writing messages, and answers to ballots.

import { ask } from "./asking.js";
import { choose, dismiss, hasChosen, offering, take } from "./completions.js";
import { setText, text } from "./composer.js";
import { hurry } from "./following.js";
import { hasEarlier, hasLater, recalled, remember } from "./history.js";
import { me } from "./identity.js";
import { idOf, newestVote } from "./messages.js";
import { askName } from "./naming.js";
import { $, api, tell } from "./page.js";
import { scroller, toEnd } from "./scrolling.js";

const narrow = matchMedia("(max-width: 40rem)"); // where more would be cut off
let replyTo = null; // the message that the next text answers

function hint() {
  if (replyTo) text.placeholder = narrow.matches ? "Write your own" : "Write your own; Esc leaves it";
  else text.placeholder = narrow.matches ? "Write, or /help" : "Write, or / for commands";
}

function startReply(id) {
  replyTo = id;
  hint();
  text.focus();
}

function endReply() {
  replyTo = null;
  hint();
}

hint();
narrow.addEventListener("change", hint);

async function send(value) {
  if (!value.trim() || (!me && !(await askName()))) return;
  const answered = replyTo;
  if (text.value === value) setText(""); // at once: the next words may be typed before these have arrived
  endReply();
  toEnd();
  try {
    await ask(`${api}/messages`, { person: me, text: value, ...(answered && { reply_to: answered }) });
    remember(value);
    hurry(); // the bot is there, whatever the page thinks
  } catch (fault) {
    tell(fault.message);
    if (!text.value) setText(value);
    if (fault.status === 409) askName();
  }
}

text.addEventListener("keydown", (event) => {
  const oneLine = !text.value.includes("\n");
  if (event.isComposing) return; // an input method's Enter ends a word, not the message
  if (offering() && ["ArrowDown", "ArrowUp"].includes(event.key)) choose(event.key === "ArrowDown" ? 1 : -1);
  else if (offering() && (event.key === "Tab" || (event.key === "Enter" && hasChosen()))) take();
  else if (offering() && event.key === "Escape") dismiss();
  else if (event.key === "PageUp" || event.key === "PageDown") scroller.scrollBy(0, (event.key === "PageUp" ? -0.8 : 0.8) * scroller.clientHeight);
  else if (event.key === "Enter" && !event.shiftKey) send(text.value);
  else if (event.key === "Escape" && replyTo) endReply();
  else if (event.key === "Escape") (newestVote()?.firstElementChild ?? scroller).focus();
  else if (event.key === "ArrowUp" && oneLine && hasEarlier()) setText(recalled(-1));
  else if (event.key === "ArrowDown" && oneLine && hasLater()) setText(recalled(1));
  else return;
  event.preventDefault();
  event.stopPropagation();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send(text.value);
});
$("messages").addEventListener("click", ({ target }) => target.closest(".reply") && startReply(idOf(target)));
for (const button of $("welcome").querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => send(button.dataset.example));
}

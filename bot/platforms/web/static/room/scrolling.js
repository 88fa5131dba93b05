// Where the reader is: at the end, where new messages are kept in view, or further up, where nobody is torn away.

import { $ } from "./page.js";

export const scroller = $("scroller");
export let atEnd = true;

export function toEnd() {
  atEnd = true;
  scroller.scrollTop = scroller.scrollHeight;
  $("newer").hidden = true;
}

export function tellOfNewer() {
  $("newer").hidden = false;
}

scroller.addEventListener("scroll", () => {
  atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
  if (atEnd) $("newer").hidden = true;
});
$("newer").addEventListener("click", toEnd);

const keepEnd = new ResizeObserver(() => atEnd && toEnd());
keepEnd.observe(scroller);
keepEnd.observe($("messages"));

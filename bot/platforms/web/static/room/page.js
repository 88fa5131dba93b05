// The page's own things: which room it shows, its elements, and sentences for whoever looks at it.
// Whatever comes from people or models is set as text, never as HTML.

const NOTICE = 7000; // ms; two sentences are read in five seconds

export const room = decodeURIComponent(location.pathname.match(/^\/r\/([^/]+)/)?.[1] ?? "lobby");
export const api = `/api/rooms/${encodeURIComponent(room)}`;

export const $ = (id) => document.getElementById(id);

export function make(tag, className = "", text = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

export function tell(sentence) {
  const notice = make("p", "notice", sentence);
  $("notices").append(notice);
  setTimeout(() => notice.remove(), NOTICE);
}

// The messages on the page.

import { me } from "./identity.js";
import { $, make } from "./page.js";
import { pressedIn } from "./pressed.js";
import { atEnd, tellOfNewer, toEnd } from "./scrolling.js";
import { textParts } from "./texts.js";

const BOT = "planchette";
const KEPT = 400; // messages on the page; older ones go, so that a long evening stays quick

const shown = new Map(); // message id → its element

export const idOf = (element) => Number(element.closest(".message").dataset.id);
export const newestVote = () => [...$("messages").querySelectorAll(".ballot .buttons")].at(-1);

export function show(message) {
  let item = shown.get(message.id);
  const isNew = !item;
  if (isNew) {
    item = itemFor(message.id);
    shown.set(message.id, item);
    const next = [...$("messages").children].reverse().find((other) => idOf(other) < message.id);
    if (next) next.after(item);
    else $("messages").prepend(item);
  }
  fill(item, message);
  $("welcome").hidden = true;
  if (atEnd) {
    while (shown.size > KEPT) drop($("messages").firstElementChild);
    toEnd();
  } else if (isNew) tellOfNewer();
}

// What the room has when it is read anew; what stood among it and is gone there, goes here.
export function showAll(messages) {
  const ids = new Set(messages.map(({ id }) => id));
  for (const [id, item] of shown) if (!ids.has(id) && id >= (messages[0]?.id ?? 0)) drop(item);
  messages.forEach(show);
  $("welcome").hidden = shown.size > 0;
}

export const shownIds = () => [...$("messages").children].map(idOf);

// Of those that were shown, only those that are still there stay.
export function dropGone(before, there) {
  for (const id of before) if (!there.has(id) && shown.has(id)) drop(shown.get(id));
  $("welcome").hidden = shown.size > 0;
}

export function markPressed(id) {
  for (const button of shown.get(id)?.querySelectorAll(".buttons button") ?? []) mark(button, id);
}

function drop(item) {
  shown.delete(idOf(item));
  item.remove();
}

function itemFor(id) {
  const picture = make("img", "picture");
  picture.alt = "A picture that belongs to this message";
  const buttons = make("div", "buttons");
  buttons.setAttribute("role", "group");
  buttons.setAttribute("aria-label", "Choose");
  const reply = make("button", "reply", "Write your own …");
  reply.type = "button";
  const item = make("li", "message", "", make("span", "who"), make("div", "body"), picture, make("ul", "files"), buttons, reply);
  item.dataset.id = id;
  return item;
}

function fill(item, message) {
  const bot = message.person === BOT;
  item.className = ["message", bot ? "bot" : "person", message.ballot && "ballot", message.private && "private",
    message.person === me && "mine"].filter(Boolean).join(" ");
  const who = item.querySelector(".who");
  who.replaceChildren(bot ? "Planchette" : message.person);
  if (message.private) who.append(make("span", "only-you", " · only you see this"));
  item.querySelector(".body").replaceChildren(...textParts(message.text));
  setButtons(item.querySelector(".buttons"), message);
  item.querySelector(".reply").hidden = !message.answerable;
  const picture = item.querySelector(".picture");
  picture.hidden = !message.picture;
  if (message.picture && picture.getAttribute("src") !== message.picture) picture.src = message.picture;
  const files = item.querySelector(".files");
  files.hidden = message.attachments.length === 0;
  files.replaceChildren(...message.attachments.map(linkTo));
}

function linkTo({ name, url }) {
  const link = make("a", "", `↓ ${name}`);
  link.href = url;
  link.download = name;
  return make("li", "", "", link);
}

// Buttons that stay are kept as they are: an edit takes nobody's focus away, and no press misses its target.
function setButtons(box, message) {
  const old = new Map([...box.children].map((button) => [button.dataset.action + button.dataset.label, button]));
  const wanted = message.buttons.map((one) => old.get(one.action + one.label) ?? buttonFor(message, one));
  if (wanted.length !== box.children.length || wanted.some((button, at) => button !== box.children[at])) {
    const focused = [...box.children].indexOf(document.activeElement);
    box.replaceChildren(...wanted);
    if (focused >= 0) (wanted[Math.min(focused, wanted.length - 1)] ?? $("text")).focus();
  }
  box.hidden = wanted.length === 0;
}

function buttonFor(message, { label, action }) {
  const [, text, share] = label.match(/^(.*)( · [^·]*%)$/s) ?? [null, label, ""];
  const button = make("button", "", "", make("span", "choice", text), make("span", "share", share));
  button.type = "button";
  Object.assign(button.dataset, { action, label });
  mark(button, message.id);
  return button;
}

function mark(button, id) {
  button.setAttribute("aria-pressed", String(pressedIn(id) === button.dataset.action));
}

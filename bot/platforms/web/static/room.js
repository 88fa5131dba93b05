// The room's page: it follows the room's events, shows messages, and sends what is written or pressed.
// Whatever comes from people or models is set as text, never as HTML.

const $ = (id) => document.getElementById(id);
const room = decodeURIComponent(location.pathname.match(/^\/r\/([^/]+)/)?.[1] ?? "lobby");
const api = `/api/rooms/${encodeURIComponent(room)}`;
const BOT = "planchette";
const KEPT = 400; // messages on the page; older ones go, so that a long evening stays quick
const NOTICE = 7000; // ms; two sentences are read in five seconds

let me = null; // the name in our cookie
let replyTo = null; // the message that the next text answers
const shown = new Map(); // message id → its element

function make(tag, className = "", text = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

// Asking -------------------------------------------------------------------------------------------------------------

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options).catch(() => {
    throw new Error("The room cannot be reached just now; your words are still here.");
  });
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  const said = await answer.json().catch(() => ({ error: `The room answered with ${answer.status}; try again.` }));
  if (!answer.ok) throw Object.assign(new Error(said.error), { status: answer.status });
  return said;
}

function tell(sentence) {
  const notice = make("p", "notice", sentence);
  $("notices").append(notice);
  setTimeout(() => notice.remove(), NOTICE);
}

// Showing ------------------------------------------------------------------------------------------------------------

const scroller = $("scroller");
let following = true; // whether the reader is at the end, where new messages are kept in view

scroller.addEventListener("scroll", () => {
  following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
  if (following) $("newer").hidden = true;
});

function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
  $("newer").hidden = true;
}

const keepEnd = new ResizeObserver(() => following && toEnd());
keepEnd.observe(scroller);
keepEnd.observe($("messages"));
$("newer").addEventListener("click", toEnd);

// The bot writes commands between backticks; everything else stands as it is.
function withCommands(paragraph, text) {
  text.split(/(`\/[^`\n]{1,60}`)/).forEach((part, at) => paragraph.append(at % 2 ? make("kbd", "", part.slice(1, -1)) : part));
  return paragraph;
}

// A ballot's text: what stands before its bars is the story, what stands behind them is about the round. Below other
// texts a last line that begins with a dash tells how they were made.
function textParts(text) {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => /^[█░]{5,} /.test(line));
  if (first < 0) {
    const [, body, note] = text.match(/^(.+)\n\n(— [^\n]+)$/s) ?? [null, text];
    return [withCommands(make("p", "text prose"), body), ...(note ? [make("p", "text foot", note)] : [])];
  }
  const after = lines.findIndex((line, at) => at > first && !/^[█░]{5,} /.test(line));
  const last = after < 0 ? lines.length : after;
  const bars = make("ol", "bars", "", ...lines.slice(first, last).map((line) => {
    const [, blocks, rest] = line.match(/^([█░]+) (.*)$/);
    const bar = make("span", "blocks", blocks);
    bar.setAttribute("aria-hidden", "true");
    return make("li", "", "", bar, make("span", "", rest));
  }));
  const story = lines.slice(0, first).join("\n").trim();
  const foot = lines.slice(last).join("\n").trim();
  return [...(story ? [make("p", "text prose", story)] : []), bars, ...(foot ? [withCommands(make("p", "text foot"), foot)] : [])];
}

function buttonFor(message, { label, action }) {
  const [, text, share] = label.match(/^(.*)( · [^·]*%)$/s) ?? [null, label, ""];
  const button = make("button", "", "", make("span", "choice", text), make("span", "share", share));
  button.type = "button";
  Object.assign(button.dataset, { action, label });
  button.setAttribute("aria-pressed", String(pressedIn(message.id) === action));
  button.addEventListener("click", () => press(message.id, action));
  return button;
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

function fill(item, message) {
  const bot = message.person === BOT;
  const ballot = bot && message.buttons.length > 0;
  item.className = ["message", bot ? "bot" : "person", ballot && "ballot", message.private && "private",
    message.person === me && "mine"].filter(Boolean).join(" ");
  const who = item.querySelector(".who");
  who.replaceChildren(bot ? "Planchette" : message.person);
  if (message.private) who.append(make("span", "only-you", " · only you see this"));
  item.querySelector(".body").replaceChildren(...textParts(message.text));
  setButtons(item.querySelector(".buttons"), message);
  item.querySelector(".reply").hidden = !ballot;
  const picture = item.querySelector(".picture");
  picture.hidden = !message.picture;
  if (message.picture && picture.getAttribute("src") !== message.picture) picture.src = message.picture;
  const files = item.querySelector(".files");
  files.hidden = message.attachments.length === 0;
  files.replaceChildren(...message.attachments.map(({ name, url }) => {
    const link = make("a", "", `↓ ${name}`);
    link.href = url;
    link.download = name;
    return make("li", "", "", link);
  }));
}

function itemFor(id) {
  const picture = make("img", "picture");
  picture.alt = "A picture that belongs to this message";
  const buttons = make("div", "buttons");
  buttons.setAttribute("role", "group");
  buttons.setAttribute("aria-label", "Choose");
  const reply = make("button", "reply", "Write your own …");
  reply.type = "button";
  reply.addEventListener("click", () => startReply(id));
  const item = make("li", "message", "", make("span", "who"), make("div", "body"), picture, make("ul", "files"), buttons, reply);
  item.dataset.id = id;
  return item;
}

function show(message) {
  let item = shown.get(message.id);
  const isNew = !item;
  if (isNew) {
    item = itemFor(message.id);
    shown.set(message.id, item);
    const next = [...$("messages").children].reverse().find((other) => Number(other.dataset.id) < message.id);
    if (next) next.after(item);
    else $("messages").prepend(item);
  }
  fill(item, message);
  $("welcome").hidden = true;
  if (following) {
    while (shown.size > KEPT) drop($("messages").firstElementChild);
    toEnd();
  } else if (isNew) $("newer").hidden = false;
}

function drop(item) {
  shown.delete(Number(item.dataset.id));
  item.remove();
}

// Following the room -------------------------------------------------------------------------------------------------

let events = null;
let waiting = null; // what came while the room was being read; null: show at once

function state(name) {
  $("state").dataset.state = name;
  $("state").firstElementChild.textContent = name;
}

function follow() {
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
      const ids = new Set(messages.map(({ id }) => id));
      for (const [id, item] of shown) if (!ids.has(id) && id >= (messages[0]?.id ?? 0)) drop(item);
      [...messages, ...waiting].forEach(show);
      $("welcome").hidden = shown.size > 0;
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
    if (stream.readyState === EventSource.CLOSED) setTimeout(comeBack, 2000);
  });
}

// A stream that was refused does not try again by itself: find out who we are now, then follow anew.
async function comeBack() {
  try {
    await learnName();
    follow();
  } catch {
    setTimeout(comeBack, 2000);
  }
}

addEventListener("online", () => events?.readyState === EventSource.CLOSED && comeBack());

// Names --------------------------------------------------------------------------------------------------------------

async function learnName() {
  me = (await ask("/api/me")).person;
  $("me").hidden = false;
  $("me").textContent = me ?? "Your name";
}

let named = null; // settles the question for a name that is open

function askName() {
  $("name").value = me ?? "";
  $("naming-error").textContent = "";
  if (!$("naming").open) $("naming").showModal();
  return new Promise((settle) => (named = settle));
}

$("naming-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("/api/me", { person: $("name").value });
    await learnName();
    follow();
    $("naming").close();
    $("text").focus();
  } catch (fault) {
    $("naming-error").textContent = fault.message;
    $("name").focus();
  }
});
$("naming-later").addEventListener("click", () => $("naming").close());
$("naming").addEventListener("close", () => named?.(me));
$("me").addEventListener("click", askName);

// Pressing -----------------------------------------------------------------------------------------------------------

const pressed = new Map(JSON.parse(sessionStorage.getItem("pressed") ?? "[]"));
const pressedIn = (id) => pressed.get(id);

async function press(id, action) {
  if (!me && !(await askName())) return;
  try {
    const { notice } = await ask(`${api}/press`, { person: me, message: id, action });
    pressed.set(id, action);
    sessionStorage.setItem("pressed", JSON.stringify([...pressed].slice(-50)));
    for (const button of shown.get(id)?.querySelectorAll(".buttons button") ?? []) {
      button.setAttribute("aria-pressed", String(button.dataset.action === action));
    }
    tell(notice);
  } catch (fault) {
    tell(fault.message);
  }
}

const newestBallot = () => [...$("messages").querySelectorAll(".ballot .buttons")].at(-1);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || $("naming").open) return;
  const writing = event.target.matches("textarea, input");
  const group = event.target.closest(".buttons");
  if (!writing && /^[1-9]$/.test(event.key)) {
    const button = (group ?? newestBallot())?.children[event.key - 1];
    button?.focus();
    button?.click();
  } else if (group && /^Arrow/.test(event.key)) {
    const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : -1;
    const all = [...group.children];
    all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
    event.preventDefault();
  } else if (!writing && event.key === "/") {
    $("text").focus(); // the key itself is typed there
  } else if (!writing && event.key === "Escape") {
    $("text").focus();
  }
});

// Writing ------------------------------------------------------------------------------------------------------------

const text = $("text");
const history = JSON.parse(sessionStorage.getItem("history") ?? "[]");
let at = history.length; // where in the history the arrow keys are

function setText(value) {
  text.value = value;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
  offer();
}

function startReply(id) {
  replyTo = id;
  text.placeholder = "Write your own; Esc leaves it";
  text.focus();
}

function endReply() {
  replyTo = null;
  text.placeholder = "Write, or / for commands";
}

async function send(value) {
  if (!value.trim() || (!me && !(await askName()))) return;
  const answered = replyTo;
  if (text.value === value) setText(""); // at once: the next words may be typed before these have arrived
  endReply();
  following = true;
  try {
    await ask(`${api}/messages`, { person: me, text: value, ...(answered && { reply_to: answered }) });
    if (history.at(-1) !== value) history.push(value);
    sessionStorage.setItem("history", JSON.stringify(history.slice(-100)));
    at = history.length;
  } catch (fault) {
    tell(fault.message);
    if (!text.value) setText(value);
    if (fault.status === 409) askName();
  }
}

function recall(step) {
  at = Math.max(0, Math.min(history.length, at + step));
  setText(history[at] ?? "");
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send(text.value);
});
text.addEventListener("input", () => setText(text.value));
text.addEventListener("keydown", (event) => {
  const choosing = !$("completions").hidden;
  const oneLine = !text.value.includes("\n");
  if (event.isComposing) return; // an input method's Enter ends a word, not the message
  if (choosing && ["ArrowDown", "ArrowUp"].includes(event.key)) choose(event.key === "ArrowDown" ? 1 : -1);
  else if (choosing && (event.key === "Tab" || (event.key === "Enter" && chosen >= 0))) take(Math.max(chosen, 0));
  else if (choosing && event.key === "Escape") $("completions").hidden = true;
  else if (event.key === "PageUp" || event.key === "PageDown") scroller.scrollBy(0, (event.key === "PageUp" ? -0.8 : 0.8) * scroller.clientHeight);
  else if (event.key === "Enter" && !event.shiftKey) send(text.value);
  else if (event.key === "Escape" && replyTo) endReply();
  else if (event.key === "Escape") (newestBallot()?.firstElementChild ?? scroller).focus();
  else if (event.key === "ArrowUp" && oneLine && history.length) recall(-1);
  else if (event.key === "ArrowDown" && oneLine && at < history.length) recall(1);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
for (const button of $("welcome").querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => send(button.dataset.example));
}

// Commands -----------------------------------------------------------------------------------------------------------

let commands = [];
let chosen = -1;

function offer() {
  const typed = text.value.match(/^\/[^\s]*(?: [^\s=]*)?$/)?.[0].toLowerCase();
  const fitting = typed ? commands.filter(({ name }) => `/${name}`.startsWith(typed) && `/${name}` !== typed) : [];
  chosen = -1;
  $("completions").replaceChildren(...fitting.map(({ name, usage, help }, number) => {
    const option = make("li", "", "", make("kbd", "", usage), make("span", "", help));
    option.id = `completion-${number}`;
    option.dataset.name = name;
    option.setAttribute("role", "option");
    option.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      take(number);
    });
    return option;
  }));
  $("completions").hidden = fitting.length === 0;
  text.setAttribute("aria-expanded", String(fitting.length > 0));
  text.removeAttribute("aria-activedescendant");
}

function choose(step) {
  const options = [...$("completions").children];
  chosen = chosen < 0 ? (step > 0 ? 0 : options.length - 1) : (chosen + step + options.length) % options.length;
  options.forEach((option, number) => option.setAttribute("aria-selected", String(number === chosen)));
  options[chosen].scrollIntoView({ block: "nearest" });
  text.setAttribute("aria-activedescendant", options[chosen].id);
}

function take(number) {
  setText(`/${$("completions").children[number].dataset.name} `);
  text.focus();
}

// Coming in ----------------------------------------------------------------------------------------------------------

$("room-name").textContent = room === "lobby" ? "the lobby" : room;
document.title = room === "lobby" ? "Planchette" : `${room} – Planchette`;
ask("/api/commands").then((said) => (commands = said.commands), () => {});
learnName().then(() => {
  follow();
  if (me) text.focus();
  else askName();
}, comeBack);

// Giving text files to be learnt from: with the button, or dropped on the room.

import { send } from "./asking.js";
import { admin, me } from "./identity.js";
import { askName } from "./naming.js";
import { $, api, tell } from "./page.js";
import { toEnd } from "./scrolling.js";

const LINE = "/train upload"; // what a file comes with
const MOST = 10_000_000; // bytes; what the bot takes

async function give(files) {
  if (!me && !(await askName())) return;
  $("attach").setAttribute("aria-busy", "true");
  for (const file of files) await giveOne(file);
  $("attach").removeAttribute("aria-busy");
}

async function giveOne(file) {
  if (file.size > MOST) {
    tell(`${file.name} is larger than ${MOST / 1e6} MB; make it smaller.`);
    return;
  }
  toEnd();
  try {
    await send(`${api}/files?${new URLSearchParams({ person: me, name: file.name, text: LINE })}`, file);
  } catch (fault) {
    tell(fault.message);
    if (fault.status === 409) askName();
  }
}

const carriesFiles = ({ dataTransfer }) => admin && dataTransfer.types.includes("Files");
const leave = () => document.body.classList.remove("dropping");

$("attach").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", () => {
  give([...$("files").files]);
  $("files").value = ""; // so that the same file can be chosen again
});
addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? leave());
addEventListener("drop", (event) => {
  leave();
  if (!carriesFiles(event)) return;
  event.preventDefault();
  give([...event.dataTransfer.files]);
});

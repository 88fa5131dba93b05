// Who we are: the name in our cookie.

import { ask } from "./asking.js";
import { $ } from "./page.js";

export let me = null;

export async function learnName() {
  me = (await ask("/api/me")).person;
  $("me").hidden = false;
  $("me").textContent = me ?? "Your name";
}

// Who we are: the name in our cookie, and whether we are an admin, who alone may give files.

import { ask } from "./asking.js";
import { $ } from "./page.js";

export let me = null;
export let admin = false;

export async function learnName() {
  ({ person: me, admin } = await ask("/api/me"));
  $("attach").hidden = !admin;
  $("me").hidden = false;
  $("me").textContent = me ?? "Your name";
}

// The question for a name.

import { ask } from "./asking.js";
import { follow } from "./following.js";
import { learnName, me } from "./identity.js";
import { $ } from "./page.js";

let named = null; // settles the question that is open

// Resolves to the name, or to null where somebody only reads.
export function askName() {
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

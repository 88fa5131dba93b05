// The box in which messages are written: it grows with its text, and tells the rest of the page when that changes.

import { $ } from "./page.js";

export const text = $("text");

export function setText(value) {
  text.value = value;
  text.dispatchEvent(new Event("input"));
}

text.addEventListener("input", () => {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
});

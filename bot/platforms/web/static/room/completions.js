// The commands that fit what is being typed.

import { ask } from "./asking.js";
import { setText, text } from "./composer.js";
import { $, make } from "./page.js";

const list = $("completions");
let commands = [];
let chosen = -1; // which of those that are offered; -1: none yet

export const offering = () => !list.hidden;
export const hasChosen = () => chosen >= 0;

export function choose(step) {
  const options = [...list.children];
  chosen = chosen < 0 ? (step > 0 ? 0 : options.length - 1) : (chosen + step + options.length) % options.length;
  options.forEach((option, number) => option.setAttribute("aria-selected", String(number === chosen)));
  options[chosen].scrollIntoView({ block: "nearest" });
  text.setAttribute("aria-activedescendant", options[chosen].id);
}

// Takes the one that was chosen, or else the first.
export function take(number = Math.max(chosen, 0)) {
  setText(`/${list.children[number].dataset.name} `);
  text.focus();
}

export function dismiss() {
  list.hidden = true;
}

function offer() {
  const typed = text.value.match(/^\/[^\s]*(?: [^\s=]*)?$/)?.[0].toLowerCase();
  const fitting = typed ? commands.filter(({ name }) => `/${name}`.startsWith(typed) && `/${name}` !== typed) : [];
  chosen = -1;
  list.replaceChildren(...fitting.map(optionFor));
  list.hidden = fitting.length === 0;
  text.setAttribute("aria-expanded", String(fitting.length > 0));
  text.removeAttribute("aria-activedescendant");
}

function optionFor({ name, usage, help }, number) {
  const option = make("li", "", "", make("kbd", "", usage), make("span", "", help));
  option.id = `completion-${number}`;
  option.dataset.name = name;
  option.setAttribute("role", "option");
  option.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    take(number);
  });
  return option;
}

text.addEventListener("input", offer);
ask("/api/commands").then((said) => (commands = said.commands), () => {});

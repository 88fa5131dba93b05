// A message's text as elements.

import { make } from "./page.js";

// The bot writes commands between backticks; everything else stands as it is.
function withCommands(paragraph, text) {
  text.split(/(`\/[^`\n]{1,60}`)/).forEach((part, at) => paragraph.append(at % 2 ? make("kbd", "", part.slice(1, -1)) : part));
  return paragraph;
}

// A ballot's text: what stands before its bars is the story, what stands behind them is about the round. Below other
// texts a last line that begins with a dash tells how they were made.
export function textParts(text) {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => /^[█░]{5,} /.test(line));
  if (first < 0) {
    const [, body, note] = text.match(/^(.+)\n\n(— [^\n]+)$/s) ?? [null, text];
    return [withCommands(make("p", "text prose"), body), ...(note ? [make("p", "text foot", note)] : [])];
  }
  const after = lines.findIndex((line, at) => at > first && !/^[█░]{5,} /.test(line));
  const last = after < 0 ? lines.length : after;
  const bars = make("ol", "bars", "", ...lines.slice(first, last).map(barFor));
  const story = lines.slice(0, first).join("\n").trim();
  const foot = lines.slice(last).join("\n").trim();
  return [...(story ? [make("p", "text prose", story)] : []), bars, ...(foot ? [withCommands(make("p", "text foot"), foot)] : [])];
}

function barFor(line) {
  const [, blocks, rest] = line.match(/^([█░]+) (.*)$/);
  const bar = make("span", "blocks", blocks);
  bar.setAttribute("aria-hidden", "true");
  return make("li", "", "", bar, make("span", "", rest));
}

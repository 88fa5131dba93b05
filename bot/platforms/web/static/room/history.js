// What this window has sent, for the arrow keys to bring back.

const KEPT = 100; // lines

const lines = JSON.parse(sessionStorage.getItem("history") ?? "[]");
let at = lines.length; // where the arrow keys are

export const hasEarlier = () => lines.length > 0;
export const hasLater = () => at < lines.length;

export function remember(line) {
  if (lines.at(-1) !== line) lines.push(line);
  sessionStorage.setItem("history", JSON.stringify(lines.slice(-KEPT)));
  at = lines.length;
}

export function recalled(step) {
  at = Math.max(0, Math.min(lines.length, at + step));
  return lines[at] ?? "";
}

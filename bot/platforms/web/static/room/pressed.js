// Which button of which message this window has pressed; kept until the window closes.

const KEPT = 50; // messages

const pressed = new Map(JSON.parse(sessionStorage.getItem("pressed") ?? "[]"));

export const pressedIn = (id) => pressed.get(id);

export function rememberPress(id, action) {
  pressed.set(id, action);
  sessionStorage.setItem("pressed", JSON.stringify([...pressed].slice(-KEPT)));
}

// Requests to the API; what is wrong with one is an Error with one sentence and the status.

export function ask(path, body) {
  return answered(path, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

// Sends a file as it is.
export function send(path, file) {
  return answered(path, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
}

async function answered(path, options) {
  const answer = await fetch(path, options).catch(() => {
    throw new Error("The room cannot be reached just now; your words are still here.");
  });
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  const said = await answer.json().catch(() => ({ error: `The room answered with ${answer.status}; try again.` }));
  if (!answer.ok) throw Object.assign(new Error(said.error), { status: answer.status });
  return said;
}

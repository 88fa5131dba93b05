// Renders /api/openapi.json as a page that needs nothing from elsewhere. Everything is set as text, never as HTML.

function element(tag, text = "", ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

const schema = await (await fetch("/api/openapi.json")).json();
const resolved = (part) => (part?.$ref ? part.$ref.slice(2).split("/").reduce((at, key) => at[key], schema) : part);

function kind(part) {
  if (part.$ref) return part.$ref.split("/").at(-1);
  if (part.anyOf) return part.anyOf.map(kind).join(" or ");
  if (part.type === "array") return `list of ${kind(part.items)}`;
  return part.type ?? "anything";
}

function fields(part) {
  const body = resolved(part);
  if (!body?.properties) return "";
  const rows = Object.entries(body.properties).map(([name, field]) =>
    element("tr", "", element("td", name), element("td", kind(field)), element("td", field.description ?? "")));
  return element("table", "", element("tbody", "", ...rows));
}

function operation(path, method, said) {
  const section = element("section", "", element("h2", `${method.toUpperCase()} ${path}`), element("p", said.description ?? said.summary));
  section.id = said.operationId;
  const asked = (said.parameters ?? []).map((one) =>
    element("tr", "", element("td", one.name), element("td", `${kind(one.schema)}, in the ${one.in}`), element("td", one.description ?? "")));
  if (asked.length) section.append(element("table", "", element("tbody", "", ...asked)));
  const body = said.requestBody?.content["application/json"]?.schema;
  if (body) section.append(element("h3", "It takes"), fields(body));
  for (const [status, answer] of Object.entries(said.responses)) {
    const given = answer.content?.["application/json"]?.schema;
    if (!status.startsWith("2")) continue;
    section.append(element("h3", `It answers ${status}`), given?.$ref ? fields(given) : element("p", answer.description));
  }
  return section;
}

const base = location.origin;
document.querySelector("#try").textContent = [
  `curl -X POST ${base}/api/rooms/lobby/messages -H 'Content-Type: application/json' \\`,
  `     -d '{"person": "Ada", "text": "/generate Once upon a time"}'`,
  `curl -N '${base}/api/rooms/lobby/events?person=Ada'`,
].join("\n");

const sections = Object.entries(schema.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, said]) => operation(path, method, said)));
const message = element("section", "", element("h2", "A message"), fields(schema.components.schemas.ShownMessage));
const errors = element("section", "", element("h2", "Errors"),
  element("p", "Every error is {\"error\": \"one sentence\"}:"),
  element("ul", "", ...Object.entries(Object.values(Object.values(schema.paths)[0])[0].responses)
    .filter(([status]) => status.startsWith("4"))
    .map(([status, answer]) => element("li", `${status}: ${answer.description}`))));
document.querySelector("#operations").replaceChildren(...sections, message, errors);

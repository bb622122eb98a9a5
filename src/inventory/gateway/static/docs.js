"use strict";

// Everything is put in as text, never as HTML: answers hold what plugins and users wrote.
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made[key] = value;
  made.append(...children);
  return made;
};
const byId = (id) => document.getElementById(id);
const MAX_DEPTH = 3;

let api;

const resolve = (schema) => (schema.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema);

function typeName(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.type === "array") return `list of ${typeName(schema.items)}`;
  if (schema.enum) return schema.enum.join(" | ");
  return schema.format || schema.type || "any";
}

function requiredFields(schema, prefix = "") {
  const names = (schema.required || []).map((name) => prefix + name);
  for (const [name, below] of Object.entries(schema.properties || {})) names.push(...requiredFields(below, `${prefix}${name}.`));
  return names;
}

function fieldRows(schema, required, prefix = "", depth = 0) {
  const rows = [];
  for (const [name, field] of Object.entries(resolve(schema).properties || {})) {
    const label = element("td", {}, "  ".repeat(depth) + name);
    if (required.includes(prefix + name)) label.className = "required";
    rows.push(element("tr", {}, label, element("td", {}, typeName(field))));
    const inner = field.type === "array" ? field.items : field;
    if (inner.$ref && depth + 1 < MAX_DEPTH) rows.push(...fieldRows(inner, required, `${prefix}${name}.`, depth + 1));
  }
  return rows;
}

function fieldTable(title, schema, required) {
  const rows = fieldRows(schema, required);
  if (!rows.length) rows.push(element("tr", {}, element("td", {}, schema.additionalProperties ? "any members" : "no members")));
  return [element("h3", {}, title), element("table", {}, element("tbody", {}, ...rows))];
}

async function send(path, input, status, output) {
  status.className = "";
  status.textContent = "…";
  output.hidden = true;
  const headers = { "Content-Type": "application/json" };
  if (byId("token").value) headers.Authorization = `Bearer ${byId("token").value}`;
  let body = input.value.trim() || "{}";
  const domain = byId("domain").value.trim();
  try {
    if (domain) body = JSON.stringify({ ...JSON.parse(body), domain_id: domain });
    const began = performance.now();
    const answer = await fetch(path, { method: "POST", headers, body });
    const text = await answer.text();
    status.className = answer.ok ? "good" : "bad";
    status.textContent = `${answer.status} ${answer.statusText}, ${Math.round(performance.now() - began)} ms`;
    output.textContent = text && JSON.stringify(JSON.parse(text), null, 2);
    output.hidden = !text;
  } catch (error) {
    status.className = "bad";
    status.textContent = String(error.message || error);
  }
}

function fill(details, path, operation) {
  const content = operation.requestBody.content["application/json"];
  const [request, needs] = content.schema.allOf || [content.schema, {}];
  const answer = operation.responses["200"].content["application/json"].schema;
  const input = element("textarea", { spellcheck: false, value: JSON.stringify(content.example, null, 2) });
  input.rows = Math.min(input.value.split("\n").length + 1, 24);
  input.setAttribute("aria-label", `request of ${path}`);
  const status = element("span");
  const output = element("pre", { hidden: true });
  const button = element("button", { type: "button", onclick: () => send(path, input, status, output) }, "Send");
  details.append(element("div", { className: "method" },
    ...fieldTable(`Request: ${typeName(request)}`, request, requiredFields(needs)),
    element("h3", {}, "Try it"), input, button, status, output,
    ...fieldTable(`Answer: ${typeName(answer)}`, answer, [])));
}

function methodOf(path, operation) {
  const details = element("details", { id: operation.operationId });
  details.dataset.words = `${operation.operationId} ${path} ${operation.summary}`.toLowerCase();
  details.append(element("summary", {}, element("b", {}, "POST"), element("code", {}, path), element("span", {}, operation.summary)));
  details.addEventListener("toggle", () => details.children.length > 1 || fill(details, path, operation));
  return details;
}

function applyFilter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of document.querySelectorAll("section")) {
    const methods = [...section.querySelectorAll("details")];
    for (const method of methods) method.hidden = !words.every((word) => method.dataset.words.includes(word));
    section.hidden = methods.every((method) => method.hidden);
  }
}

async function start() {
  api = await (await fetch("/openapi.json")).json();
  byId("version").textContent = api.info.version;
  byId("about").textContent = api.info.description.replaceAll("`", "");
  const operations = Object.entries(api.paths).map(([path, item]) => [path, item.post]);
  const methodsOf = (tag) => operations.filter(([, operation]) => operation.tags.includes(tag.name));
  byId("services").replaceChildren(...api.tags.map((tag) => element("section", { id: `service-${tag.name}` },
    element("h2", {}, tag.name), element("p", {}, tag.description),
    element("div", { className: "methods" }, ...methodsOf(tag).map(([path, operation]) => methodOf(path, operation))))));
  byId("contents").replaceChildren(
    ...api.tags.map((tag) => element("a", { href: `#service-${tag.name}` }, tag.name, element("span", {}, String(methodsOf(tag).length)))),
    element("hr"), element("a", { href: "/openapi.json" }, "openapi.json"), element("a", { href: "/metrics" }, "metrics"));
  byId("filter").addEventListener("input", applyFilter);
  const chosen = location.hash && byId(location.hash.slice(1));
  if (chosen) { if (chosen.tagName === "DETAILS") chosen.open = true; chosen.scrollIntoView(); }
}

start().catch((error) => { byId("services").replaceChildren(element("p", { className: "bad" }, `The description of the API cannot be read: ${error.message}`)); });

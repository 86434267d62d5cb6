// A browser without JavaScript: keeps cookies, follows redirects, reads forms as a person's browser would and submits
// them with everything the page put into them. Never calls an address that no page named.
import { parseHTML } from "linkedom";

const MAX_HOPS = 5;

export class Visitor {
  /** A browser with no cookies yet whose relative addresses start at `base`. */
  constructor(base) {
    this.base = base;
    this.cookies = new Map();
  }

  open(address, headers = {}) {
    return this.#go("GET", new URL(address, this.base), undefined, headers);
  }

  /** Submits `form` with `set` laid over its fields; a value of File goes to a file field. Throws at an unknown field. */
  submit(form, set = {}, button = form.buttons[0]) {
    const fields = form.fields.filter(([name]) => !(name in set));
    for (const [name, value] of Object.entries(set)) {
      if (!form.names.has(name)) throw new Error(`the form at ${form.action} has no field "${name}", only ${[...form.names].join(", ")}`);
      for (const one of [value].flat()) fields.push([name, one]);
    }
    if (button?.name) fields.push([button.name, button.value]);
    const action = button?.action ?? form.action;
    if (form.method === "GET") {
      const url = new URL(action);
      url.search = new URLSearchParams(fields).toString();
      return this.#go("GET", url);
    }
    const body = form.multipart ? new FormData() : new URLSearchParams();
    for (const [name, value] of fields) body.append(name, form.multipart || typeof value === "string" ? value : value.name);
    return this.#go("POST", new URL(action), body, { origin: new URL(form.page).origin, referer: form.page });
  }

  async #go(method, url, body, headers = {}, hop = 0) {
    const answer = await fetch(url, {
      method, body, redirect: "manual", signal: AbortSignal.timeout(30_000),
      headers: {
        accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ...(this.cookies.size > 0 ? { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ") } : {}),
        ...headers,
      },
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    const to = answer.headers.get("location");
    if (to && answer.status >= 300 && answer.status < 400) {
      if (hop >= MAX_HOPS) throw new Error(`too many redirects, the last to ${to}`);
      await answer.arrayBuffer();
      const again = answer.status === 307 || answer.status === 308;
      return this.#go(again ? method : "GET", new URL(to, url), again ? body : undefined, {}, hop + 1);
    }
    return new Page(url.href, answer, await answer.text());
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(";");
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    const gone = attributes.some((one) => /^\s*max-age=0\s*$/i.test(one));
    if (gone || value === "") this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

export class Page {
  constructor(url, answer, html) {
    Object.assign(this, { url, status: answer.status, headers: answer.headers, html, root: parseHTML(html || "<html></html>").document });
  }

  /** The text a reader sees, spaces folded. */
  get text() {
    return folded(this.root.querySelector("body") ?? this.root);
  }

  /** Throws unless the page came with a 2xx. */
  good() {
    if (this.status >= 300) throw new Error(`${this.url} answered ${this.status}: ${this.text.slice(0, 200)}`);
    return this;
  }

  /** The forms within `scope` whose action's path matches `action`, a button's own action counting, too. */
  forms(action = /./, scope = this.root) {
    return [...scope.querySelectorAll("form")].map((element) => read(element, this.url)).filter((form) => form.paths.some((path) => action.test(path)));
  }

  form(action, scope = this.root) {
    const [first] = this.forms(action, scope);
    if (!first) {
      const there = this.forms(/./, scope).flatMap((form) => form.paths).join(" ");
      throw new Error(`${this.url} (${this.status}) has no form for ${action}, only: ${there || "none"}`);
    }
    return first;
  }

  /** The innermost article that holds `words`, or undefined. */
  article(words) {
    const holding = [...this.root.querySelectorAll("article")].filter((one) => folded(one).includes(words));
    return holding.find((one) => !holding.some((other) => other !== one && inside(other, one)));
  }

  /** What each item of the page's lists says. */
  items() {
    return [...this.root.querySelectorAll("li")].map(folded);
  }

  /** The address of the first link for which `wanted(element)` holds, absolute. */
  link(wanted, scope = this.root) {
    const found = [...scope.querySelectorAll("a[href]")].find(wanted);
    return found && new URL(found.getAttribute("href"), this.url).href;
  }
}

export const folded = (element) => element.textContent.replace(/\s+/g, " ").trim();

function inside(inner, outer) {
  for (let at = inner.parentNode; at; at = at.parentNode) if (at === outer) return true;
  return false;
}

function read(element, page) {
  const form = {
    element, page,
    action: new URL(element.getAttribute("action") ?? "", page).href,
    method: (element.getAttribute("method") ?? "GET").toUpperCase(),
    multipart: element.getAttribute("enctype") === "multipart/form-data",
    fields: [], buttons: [], names: new Set(),
  };
  for (const one of element.querySelectorAll("input, textarea, select, button")) control(form, one);
  form.paths = [form.action, ...form.buttons.flatMap(({ action }) => action ?? [])].map((url) => new URL(url).pathname);
  return form;
}

/** linkedom leaves the text of a textarea as it stands in the source; these four are what our pages escape. */
const unescaped = (text) => text.replace(/&(lt|gt|quot|amp);/g, (_, name) => ({ lt: "<", gt: ">", quot: '"', amp: "&" })[name]);

function control(form, one) {
  const [tag, name] = [one.tagName.toLowerCase(), one.getAttribute("name")];
  const kind = (one.getAttribute("type") ?? (tag === "button" ? "submit" : "text")).toLowerCase();
  if (one.hasAttribute("disabled")) return;
  if (kind === "submit" && (tag === "button" || tag === "input")) {
    const own = one.getAttribute("formaction");
    form.buttons.push({ name, value: one.getAttribute("value") ?? "", text: folded(one), action: own && new URL(own, form.page).href });
    return;
  }
  if (!name || ["button", "image", "reset"].includes(kind)) return;
  form.names.add(name);
  if (kind === "file") form.fields.push([name, new File([], "", { type: "application/octet-stream" })]); // so do browsers
  else if (tag === "textarea") form.fields.push([name, unescaped(one.textContent.replace(/^\r?\n/, ""))]);
  else if (tag === "select") {
    const choices = [...one.querySelectorAll("option")];
    const chosen = choices.find((choice) => choice.hasAttribute("selected")) ?? choices[0];
    if (chosen) form.fields.push([name, chosen.getAttribute("value") ?? folded(chosen)]);
  } else if (kind !== "checkbox" && kind !== "radio") form.fields.push([name, one.getAttribute("value") ?? ""]);
  else if (one.hasAttribute("checked")) form.fields.push([name, one.getAttribute("value") ?? "on"]);
}

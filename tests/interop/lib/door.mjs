// Lets apps in through the page an owner would see: with cookies, without scripts.
import { Visitor } from "./page.mjs";
import { check } from "./report.mjs";

/** The owner's browser, logged in by hytte's one-time link. */
export async function owner(hytte) {
  const visitor = new Visitor(hytte.origin);
  (await visitor.open(hytte.login)).good();
  return visitor;
}

/** Opens an app's way in, allows it, and gives the code that the page shows to be copied. */
export async function allow(visitor, url) {
  const page = (await visitor.open(url)).good();
  const form = page.forms(/\/oauth\/authorize$/).find((one) => one.fields.some(([name, value]) => name === "decision" && value === "allow"))
    ?? page.form(/\/oauth\/authorize$/);
  const yes = form.buttons.find(({ value }) => value === "allow") ?? form.buttons[0];
  const shown = (await visitor.submit(form, {}, yes)).good();
  const code = shown.root.querySelector("code, output, input[readonly]");
  check(code, "the page shows no code", shown.text.slice(0, 400));
  return (code.getAttribute("value") ?? code.textContent).trim();
}

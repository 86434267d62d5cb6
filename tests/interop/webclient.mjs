// A web client of another site in a real browser: logs in by OAuth in a popup, reads and posts across origins. No registry
// was found to have a whole web client that builds here, so the page below is OUR OWN stand-in: it shows that CORS, the
// popup and postMessage work, and nothing about the decoders of Elk or Phanpy (their library is tried in mastojs.mjs).
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { startHytte } from "./lib/hytte.mjs";
import { stopAll } from "./lib/process.mjs";
import { check, part } from "./lib/report.mjs";

const { step, close } = part("webclient");
const SITE = "http://bob.test:9050";
const PAGE = `<!doctype html><title>ours</title><script>
const server = "http://hytte.test:9001", back = "${SITE}/back";
const call = async (path, how) => { const a = await fetch(server + path, how); if (!a.ok) throw new Error(path + " " + a.status); return a; };
const json = (body, more = {}) => ({ method: "POST", headers: { "Content-Type": "application/json", ...more }, body: JSON.stringify(body) });
async function logIn() {
  const app = await (await call("/api/v1/apps", json({ client_name: "Our stand-in", redirect_uris: back, scopes: "read write" }))).json();
  const query = new URLSearchParams({ response_type: "code", client_id: app.client_id, redirect_uri: back, scope: "read write", state: "s" });
  const code = new Promise((done) => addEventListener("message", (e) => e.origin === "${SITE}" && done(e.data)));
  open(server + "/oauth/authorize?" + query, "login", "popup,width=500,height=700");
  const said = await (await call("/oauth/token", json({ grant_type: "authorization_code", code: await code, client_id: app.client_id, client_secret: app.client_secret, redirect_uri: back }))).json();
  window.token = said.access_token;
}
async function post(status) {
  const auth = { Authorization: "Bearer " + window.token };
  await call("/api/v1/statuses", json({ status }, { ...auth, "Idempotency-Key": "one" }));
  const home = await call("/api/v1/timelines/home?limit=1", { headers: auth });
  return { link: home.headers.get("Link"), first: (await home.json())[0].content };
}
</script><button onclick="window.done = logIn()">Log in</button>`;
const BACK = `<!doctype html><script>opener.postMessage(new URLSearchParams(location.search).get("code"), "${SITE}"); close();</script>`;
const site = createServer((asked, answer) => answer.setHeader("Content-Type", "text/html").end(asked.url.startsWith("/back") ? BACK : PAGE)).listen(9050, "127.0.0.1");

const hytte = await startHytte({
  owner: "alice@hytte.test:9001", host: "hytte.test:9001", scheme: "http", origin: "http://hytte.test:9001",
  listen: "127.0.0.1:9001", data: `${process.env.INTEROP_WORK}/webclient/alice`,
});
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"] });
const context = await browser.newContext();
context.setDefaultTimeout(10_000);
const page = await context.newPage();
await step("the owner is logged in at home", async () => { await page.goto(hytte.login); });
await step("our page logs in: the popup asks, the owner allows, the code comes back by postMessage", async () => {
  await page.goto(SITE);
  const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("button")]);
  await popup.locator('form[action="/oauth/authorize"] button').filter({ hasText: /allow|let|yes/i }).first().click();
  await page.evaluate(() => window.done);
  check(await page.evaluate(() => Boolean(window.token)), "no token");
});
await step("it posts and reads home across origins, Link included", async () => {
  const seen = await page.evaluate(() => post("From a page of another site"));
  check(seen.first.includes("another site") && /rel="next"/.test(seen.link ?? ""), "not", seen);
});
await browser.close();
site.close();
await stopAll();
process.exit(close());

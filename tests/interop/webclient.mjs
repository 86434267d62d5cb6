// A web client of another site in a real browser: logs in by OAuth in a popup, reads and posts across origins. Both sites
// are https behind nginx, as on the real net: only there do browsers cut what a page and its popup know of each other. No
// registry was found to have a whole web client that builds here, so the page below is OUR OWN stand-in: it shows that CORS,
// the popup and postMessage work, and nothing about the decoders of Elk or Phanpy (their library is tried in mastojs.mjs).
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { startHytte } from "./lib/hytte.mjs";
import { stopAll } from "./lib/process.mjs";
import { check, part } from "./lib/report.mjs";
import { authority, nginx } from "./lib/tls.mjs";

const { step, close } = part("webclient");
const work = `${process.env.INTEROP_WORK}/webclient`;
const [SITE, SERVER, PASSWORD] = ["https://eve.localtest", "https://hytte.localtest", "a key of one's own"];
const PAGE = `<!doctype html><title>ours</title><script>
const server = "${SERVER}", back = "${SITE}/back";
const call = async (path, how) => { const a = await fetch(server + path, how); if (!a.ok) throw new Error(path + " " + a.status); return a; };
const json = (body, more = {}) => ({ method: "POST", headers: { "Content-Type": "application/json", ...more }, body: JSON.stringify(body) });
// As clients do: a popup that was closed without a code means that the owner changed their mind.
const ask = (query) => new Promise((done, fail) => {
  window.popup = open(server + "/oauth/authorize?" + new URLSearchParams(query), "login", "popup,width=500,height=700");
  addEventListener("message", (e) => e.origin === "${SITE}" && done(e.data), { once: true });
  const look = setInterval(() => { if (popup.closed) { clearInterval(look); setTimeout(fail, 500, new Error("the popup was closed")); } }, 50);
});
async function logIn() {
  const app = await (await call("/api/v1/apps", json({ client_name: "Our stand-in", redirect_uris: back, scopes: "read write" }))).json();
  const code = await ask({ response_type: "code", client_id: app.client_id, redirect_uri: back, scope: "read write", state: "s" });
  const said = await (await call("/oauth/token", json({ grant_type: "authorization_code", code, client_id: app.client_id, client_secret: app.client_secret, redirect_uri: back }))).json();
  window.token = said.access_token;
}
async function post(status) {
  const auth = { Authorization: "Bearer " + window.token };
  await call("/api/v1/statuses", json({ status }, { ...auth, "Idempotency-Key": "one" }));
  const home = await call("/api/v1/timelines/home?limit=1", { headers: auth });
  return { link: home.headers.get("Link"), first: (await home.json())[0].content };
}
</script><button id="in" onclick="window.done = logIn().then(() => '', String)">Log in</button>
<button id="lost" onclick="ask({ response_type: 'code', client_id: 'nobody', redirect_uri: back }).catch(String)">Ask as nobody</button>`;
const BACK = `<!doctype html><script>opener.postMessage(new URLSearchParams(location.search).get("code"), "${SITE}"); close();</script>`;
const site = createServer((asked, answer) => answer.setHeader("Content-Type", "text/html").end(asked.url.startsWith("/back") ? BACK : PAGE)).listen(9050, "127.0.0.1");
nginx({ folder: `${work}/nginx-site`, name: "eve.localtest", listen: "127.0.0.3:443", upstream: "127.0.0.1:9050" });
nginx({ folder: `${work}/nginx`, name: "hytte.localtest", listen: "127.0.0.1:443", upstream: "127.0.0.1:9003" });

const hytte = await startHytte({
  owner: "alice@hytte.localtest", host: "hytte.localtest", scheme: "https", origin: SERVER,
  listen: "127.0.0.1:9003", data: `${work}/alice`, env: { SSL_CERT_FILE: authority() },
});
await hytte.cli(["password"], `${PASSWORD}\n`);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"] });
/** A fresh browser at our page. It does not know the local CA, and need not: here it is only tried what https changes. */
async function atOurPage() {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  await page.goto(SITE);
  check(await page.evaluate(() => window.isSecureContext), "no secure context");
  return page;
}
const opened = async (page, button) => (await Promise.all([page.waitForEvent("popup"), page.click(button)]))[0];
const allow = (popup) => popup.locator('form[action="/oauth/authorize"] button').filter({ hasText: /allow|authorize|yes/i }).first().click();
const isIn = async (page) => {
  const problem = await page.evaluate(() => window.done);
  check(!problem && (await page.evaluate(() => Boolean(window.token))), "no token", problem);
};

const page = await atOurPage();
await step("our page logs in: the popup asks for the password, the owner allows, the code comes back by postMessage", async () => {
  const popup = await opened(page, "#in");
  await popup.fill("#password", "not this one");
  await popup.click('form[action="/login"] button');
  await popup.locator("[role=alert]").waitFor();
  await popup.fill("#password", PASSWORD);
  await popup.click('form[action="/login"] button');
  await allow(popup);
  await isIn(page);
});
await step("it logs in again while the owner is at home", async () => {
  await page.reload();
  await allow(await opened(page, "#in"));
  await isIn(page);
});
await step("it posts and reads home across origins, Link included", async () => {
  const seen = await page.evaluate(() => post("From a page of another site"));
  check(seen.first.includes("another site") && /rel="next"/.test(seen.link ?? ""), "not", seen);
});
await step("a popup that shows what went wrong is still the page's own", async () => {
  const popup = await opened(page, "#lost");
  await popup.locator(".trouble").waitFor();
  check(!(await page.evaluate(() => window.popup.closed)), "the page is told that it was closed");
});
await step("other pages of the owner's are nobody's popup", async () => {
  const [home] = await Promise.all([page.waitForEvent("popup"), page.evaluate((at) => { window.other = open(at, "other"); }, SERVER)]);
  await home.waitForLoadState();
  check(await page.evaluate(() => window.other.closed), "another site holds a page of the owner's");
});
await browser.close();
site.close();
await stopAll();
process.exit(close());

// The owner's first quarter hour in a real browser, on the real binary: JavaScript off, then on. Each page is also
// looked at as a visitor's eye would: nothing wider than a phone, nothing fetched from elsewhere, no console errors,
// every picture with words and every field with a label. Screenshots land in .work/shots/.
import { mkdirSync, rmSync } from "node:fs";
import { chromium } from "playwright-core";
import { check, part, until } from "./lib/report.mjs";
import { link, BIN, startHytte } from "./lib/hytte.mjs";
import { startPeer } from "./lib/peer.mjs";
import { avatar, mountain } from "./lib/png.mjs";
import { start, stopAll } from "./lib/process.mjs";
import { readFileSync } from "node:fs";

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };
const work = `${process.env.INTEROP_WORK}/browser`;
const shots = process.env.INTEROP_SHOTS;
const { step, close } = part("browser");
rmSync(shots, { recursive: true, force: true });

// The flags of a root user in a closed network: nothing is asked of hosts we did not name.
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    // Without TLS, Chromium warns at every page that it ignores headers that only count behind it.
    "--unsafely-treat-insecure-origin-as-secure=http://hytte.test:9001"],
});

/** A new browser window; `faults` gathers what a person would not see but should not be there. */
async function open(javaScriptEnabled, origin) {
  const context = await browser.newContext({ javaScriptEnabled, viewport: DESK, locale: "en-GB" });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(`script error: ${error.message}`));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(`console: ${message.text()}`));
  page.on("request", (request) => /^https?:/.test(request.url()) && new URL(request.url()).origin !== origin && faults.push(`asked elsewhere: ${request.url()}`));
  page.on("response", (answer) => answer.status() >= 500 && faults.push(`${answer.status()} from ${answer.url()}`));
  return { context, page, faults, origin };
}

/** Four pictures of the page as it stands, and what is wrong with it for eyes, thumbs and screen readers. */
async function look({ page, faults }, name) {
  const wrong = [];
  for (const [size, viewport] of [["390", PHONE], ["1280", DESK]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${shots}/${name}-${size}-${colorScheme}.png`, fullPage: true });
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) wrong.push(`${wide} px wider than ${size}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  wrong.push(...(await page.evaluate(() => [
    ...[...document.images].filter((img) => !img.hasAttribute("alt")).map((img) => `no alt: ${img.outerHTML.slice(0, 120)}`),
    ...[...document.images].filter((img) => img.complete && img.naturalWidth === 0 && img.loading !== "lazy").map((img) => `broken: ${img.src}`),
    ...[...document.querySelectorAll("input:not([type=hidden]), textarea, select")]
      .filter((one) => one.checkVisibility() && !one.labels?.length && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby"))
      .map((one) => `no label: ${one.outerHTML.slice(0, 120)}`),
    ...[...document.querySelectorAll("button, a[href]")]
      .filter((one) => !one.closest("[aria-hidden=true]") && !one.textContent.trim() && !one.getAttribute("aria-label") && !one.getAttribute("title") && !one.querySelector("img[alt]:not([alt=''])"))
      .map((one) => `no name: ${one.outerHTML.slice(0, 120)}`),
    ...(document.title.trim() ? [] : ["no title"]),
    ...(document.documentElement.lang ? [] : ["no lang"]),
  ])));
  check(wrong.length + faults.length === 0, `${name}: ${[...wrong, ...faults.splice(0)].join("; ")}`);
}

/** Opens every closed <details> around `target`, as a person would before reaching it. */
async function reveal(target) {
  const closed = target.locator("xpath=ancestor::details[not(@open)]");
  for (let left = await closed.count(); left > 0; left--) await closed.first().locator("> summary").click();
  return target;
}

const fill = async (target, text) => (await reveal(target)).fill(text);
const click = async (target) => (await reveal(target)).click();
const field = (form, pattern) => form.locator("input:not([type=hidden]), textarea, select").and(form.locator(pattern)).first();
const form = (page, ending) => page.locator(`form[action$="${ending}"]`).first();
const submit = (within) => within.locator("button:not([type=button]), input[type=submit]").first();
/** The innermost article that says `words`. */
const article = (page, words) => page.locator("article", { hasText: words }).last();
const sees = (page, words, seconds) => until(`“${words}” on ${page.url()}`, async () => {
  if ((await article(page, words).count()) > 0) return true;
  await page.reload();
  return (await article(page, words).count()) > 0;
}, seconds);

async function compose({ page, origin }, text, { cw, picture, alt } = {}) {
  await page.goto(`${origin}/`);
  const compose = form(page, "/compose");
  await fill(compose.locator("textarea").first(), text);
  if (cw) await fill(field(compose, "[name*=cw], [name*=warning], [name*=summary]"), cw);
  if (picture) {
    const input = await reveal(compose.locator("input[type=file]").first());
    await input.setInputFiles({ name: "mountain.png", mimeType: "image/png", buffer: picture });
    await fill(field(compose, "[name*=alt], [name*=description]"), alt);
  }
  await click(submit(compose));
  await page.waitForLoadState();
}

/** Presses the button of `verb` under the post that says `words`, on its own page if the list does not offer it. */
async function press({ page, origin }, words, verb, from = "/") {
  await page.goto(new URL(from, origin).href);
  const find = () => article(page, words).locator(`form[action$="/${verb}"] button, button[formaction$="/${verb}"], a[href$="/${verb}"]`).first();
  if ((await find().count()) === 0) await page.goto(await postPage(page, words, origin));
  await click(find());
  await page.waitForLoadState();
}

async function postPage(page, words, origin) {
  const id = (await article(page, words).innerHTML()).match(/\/post\/(\d+)/)?.[1];
  check(id, `no way from “${words}” to its page`);
  return `${origin}/post/${id}`;
}

// ---- the trial ----

async function trial(js, mode) {
  const data = `${work}/try-${mode}`;
  const port = js ? 8081 : 8080;
  const server = start(BIN, ["try", "--port", String(port), "--data", data], { log: `${data}.log` });
  const printed = await until("the link that try prints", () => { const said = readFileSync(`${data}.log`, "utf8"); return /https?:\/\/\S+/.test(said) && said; });
  const view = await open(js, `http://localhost:${port}`);
  const { page, origin } = view;
  await step(`${mode}: try's link leads to a page that asks for a name`, async () => {
    await until("the trial to answer", async () => (await fetch(origin, { redirect: "manual" })).status < 500);
    const all = [...printed.matchAll(/https?:\/\/[^\s"'<>]+/g)].map(([url]) => url);
    await page.goto(all.find((url) => /login|token|\?/.test(url)) ?? link(printed));
    check((await page.locator("form input[name*=name]").count()) > 0, "no field for a name", await page.locator("body").innerText());
    await look(view, `${mode}/try-1-name`);
  });
  await step(`${mode}: a name is picked`, async () => {
    const name = page.locator("form input[name*=name]").first();
    await name.fill("sigrid");
    await click(submit(page.locator("form").filter({ has: page.locator("input[name*=name]") }).first()));
    await page.waitForLoadState();
    await page.goto(`${origin}/`);
    check((await page.locator("body").innerText()).includes("sigrid"), "the home page does not know the name");
    await look(view, `${mode}/try-2-home`);
  });
  await step(`${mode}: a first post is written and seen`, async () => {
    await compose(view, "My first words in the new cabin.");
    await page.goto(`${origin}/`);
    await sees(page, "My first words in the new cabin.");
    await look(view, `${mode}/try-3-posted`);
  });
  await view.context.close();
  await server.stop();
}

// ---- the real thing, with bob on a Fedify server ----

async function quarterHour(js, mode) {
  const hytte = await startHytte({
    owner: "alice@hytte.test:9001", host: "hytte.test:9001", scheme: "http", origin: "http://hytte.test:9001",
    listen: "127.0.0.1:9001", data: `${work}/hytte-${mode}`,
  });
  const bob = await startPeer({ origin: "http://fedify.test:9002", listen: "127.0.0.1:9002", control: 9052, data: `${work}/bob-${mode}` });
  const view = await open(js, hytte.origin);
  const { page, origin } = view;
  const received = (type, also = () => true) => bob.received(type, (a) => a.type === type && also(a));

  await step(`${mode}: the login link leads home`, async () => {
    await page.goto(hytte.login);
    check((await form(page, "/compose").count()) > 0, "no compose form", await page.locator("body").innerText());
    await look(view, `${mode}/01-home-empty`);
  });
  await step(`${mode}: a post under a content warning`, async () => {
    await compose(view, "The door sticks a little, but the stove is lit.", { cw: "housekeeping" });
    await page.goto(origin);
    await sees(page, "housekeeping");
  });
  await step(`${mode}: a post with a picture and its description`, async () => {
    await compose(view, "The view from the porch this evening.", { picture: mountain(1600, 1000), alt: "A snow-capped mountain under a pink sky" });
    await page.goto(origin);
    await sees(page, "The view from the porch");
    const image = article(page, "The view from the porch").locator('img[alt="A snow-capped mountain under a pink sky"]');
    check((await image.count()) === 1, "the picture is not there with its words");
    await until("the picture to load", () => image.evaluate((img) => { img.scrollIntoView(); return img.naturalWidth > 0; }));
    await look(view, `${mode}/02-home-posts`);
  });
  await step(`${mode}: bob is found by his handle`, async () => {
    await page.goto(`${origin}/find`);
    await look(view, `${mode}/03-find`);
    const find = form(page, "/find");
    await fill(find.locator("input[name=q]"), bob.handle);
    await click(submit(find));
    await page.waitForLoadState();
    check((await page.locator("body").innerText()).includes("Bob of Fedify"), "not found", await page.locator("body").innerText());
    await look(view, `${mode}/04-found`);
  });
  await step(`${mode}: bob is followed`, async () => {
    await click(page.locator('form[action*="/people/"][action$="/follow"] button, button[formaction$="/follow"]').first());
    await received("Follow", (a) => a.actor === hytte.actor);
    await until("bob's follower", async () => (await bob.state()).followers.length === 1);
  });
  await step(`${mode}: bob's post is seen`, async () => {
    await bob.act("post", { content: "<p>Good evening from the <a href=\"http://fedify.test:9002/tags/valley\">#valley</a>! The river is high.</p>", hashtags: ["valley"], picture: "evening over a mountain" });
    await page.goto(origin);
    await sees(page, "The river is high.");
    await look(view, `${mode}/05-home-bob`);
  });
  await step(`${mode}: reply`, async () => {
    await page.goto(origin);
    await page.goto(await postPage(page, "The river is high.", origin));
    let compose = page.locator('form[action$="/compose"]').filter({ has: page.locator('input[name*="reply"]') }).first();
    if ((await compose.count()) === 0) {
      await click(article(page, "The river is high.").locator('a[href*="reply"]').first());
      compose = form(page, "/compose");
    }
    await look(view, `${mode}/06-reply`);
    const text = await reveal(compose.locator("textarea").first());
    check((await text.inputValue()).startsWith(`${bob.handle} `), "the answer does not begin with bob's name", await text.inputValue());
    await text.press("Control+End");
    await text.pressSequentially("Keep your boots dry!");
    await click(submit(compose));
    await received("Create", (a) => a.object?.replyTarget && a.object.content.includes("Keep your boots dry"));
  });
  for (const [verb, type] of [["like", "Like"], ["boost", "Announce"]]) {
    await step(`${mode}: ${verb}`, async () => {
      await press(view, "The river is high.", verb);
      await received(type, (a) => a.actor === hytte.actor);
    });
  }
  await step(`${mode}: the thread`, async () => {
    await page.goto(origin);
    await page.goto(await postPage(page, "The river is high.", origin));
    await sees(page, "Keep your boots dry");
    await look(view, `${mode}/07-thread`);
  });
  await step(`${mode}: notifications of bob's follow, like, boost and reply`, async () => {
    const ours = (await bob.state()).received.find((a) => a.type === "Create" && a.object?.content?.includes("boots dry")).objectId;
    await bob.act("follow", { uri: hytte.actor });
    await bob.act("like", { uri: ours });
    await bob.act("boost", { uri: ours });
    await bob.act("post", { content: `<p><a href="${hytte.actor}">@alice</a> They are, thank you.</p>`, inReplyTo: ours, mentions: [{ id: hytte.actor, handle: "@alice@hytte.test:9001" }] });
    await page.goto(`${origin}/notifications`);
    await sees(page, "They are, thank you.");
    const said = await page.locator("main, body").first().innerText();
    for (const word of [/follow/i, /like/i, /boost/i]) check(word.test(said), `no ${word} among the notifications`, said);
    await look(view, `${mode}/08-notifications`);
  });
  await step(`${mode}: edit`, async () => {
    await press(view, "The view from the porch", "edit");
    const edit = form(page, "/edit");
    const text = edit.locator("textarea").first();
    check((await text.inputValue()).includes("The view from the porch this evening."), "the text to edit is not there");
    await look(view, `${mode}/09-edit`);
    await text.fill("The view from the porch this morning.");
    await click(submit(edit));
    await page.goto(origin);
    await sees(page, "porch this morning");
    check((await page.getByText("porch this evening").count()) === 0, "the old text is still there");
  });
  await step(`${mode}: delete`, async () => {
    await compose(view, "This one was a mistake.");
    await page.goto(origin);
    await sees(page, "This one was a mistake.");
    page.on("dialog", (dialog) => dialog.accept());
    await press(view, "This one was a mistake.", "delete");
    const sure = page.locator('form[action$="/delete"]').filter({ hasText: /delete/i });
    if (/\/delete$/.test(page.url()) && (await sure.count()) > 0) await click(submit(sure.first()));
    await received("Delete");
    await page.goto(origin);
    check((await page.getByText("This one was a mistake.").count()) === 0, "it is still there");
  });
  await step(`${mode}: settings: name, bio, picture, fields`, async () => {
    await page.goto(`${origin}/settings`);
    const settings = page.locator("form").filter({ has: page.locator("textarea") }).first();
    await fill(field(settings, "[name=name], [name*=display]"), "Alice at the lake");
    await fill(settings.locator("textarea").first(), "A cabin, a stove, a boat.");
    await (await reveal(settings.locator("input[type=file]").first())).setInputFiles({ name: "me.png", mimeType: "image/png", buffer: avatar(0.35, 400) });
    await fill(field(settings, "[name*=field]"), "Boat");
    await fill(settings.locator("input[name*=field]").nth(1), "a wooden one");
    await look(view, `${mode}/10-settings`);
    await click(submit(settings));
    const update = await received("Update", (a) => a.object?.type === "Person" && a.object.name === "Alice at the lake");
    check(update.object.summary.includes("a boat") && update.object.icon, "bob did not learn all", update);
  });
  for (const [path, name] of [["/queue", "11-queue"], ["/@alice", "12-own-profile"]]) {
    await step(`${mode}: ${path}`, async () => {
      await page.goto(origin + path);
      await look(view, `${mode}/${name}`);
    });
  }
  await visitor(js, mode, hytte);
  await view.context.close();
  await hytte.server.stop();
  await bob.stop();
}

// ---- somebody passing by ----

async function visitor(js, mode, { origin }) {
  const view = await open(js, origin);
  const { page } = view;
  let permalink;
  await step(`${mode}: a visitor reads the profile`, async () => {
    check((await page.goto(`${origin}/@alice`)).status() === 200, "no profile");
    const said = await page.locator("body").innerText();
    for (const words of ["Alice at the lake", "A cabin, a stove, a boat.", "a wooden one", "@alice@hytte.test:9001", "porch this morning"]) check(said.includes(words), `the profile does not say “${words}”`, said);
    check((await page.locator('form[action$="/compose"]').count()) === 0, "a visitor is offered to compose");
    permalink = await article(page, "porch this morning").locator('a[href*="/@alice/"]').first().getAttribute("href");
    await look(view, `${mode}/13-visitor-profile`);
  });
  await step(`${mode}: a visitor reads a post at its address, with OpenGraph words`, async () => {
    await page.goto(new URL(permalink, origin).href);
    await sees(page, "porch this morning");
    for (const property of ["og:title", "og:url", "og:image"]) {
      check((await page.locator(`meta[property="${property}"]`).count()) > 0, `no ${property}`);
    }
    await look(view, `${mode}/14-visitor-permalink`);
  });
  await step(`${mode}: the Atom feed has the post`, async () => {
    await page.goto(`${origin}/@alice`);
    const href = await page.locator('link[rel=alternate][type="application/atom+xml"]').first().getAttribute("href");
    const answer = await fetch(new URL(href, origin));
    const feed = await answer.text();
    check(answer.headers.get("content-type").startsWith("application/atom+xml") && /<feed[^>]*xmlns="http:\/\/www.w3.org\/2005\/Atom"/.test(feed), "not a feed", feed.slice(0, 300));
    check(feed.includes("porch this morning") && !feed.includes("This one was a mistake."), "not these posts", feed.slice(0, 2000));
  });
  await step(`${mode}: home asks a visitor to log in`, async () => {
    await page.goto(`${origin}/login`);
    check((await page.locator("input[type=password]").count()) === 1, "no password field");
    await look(view, `${mode}/15-login`);
  });
  await view.context.close();
}

for (const [js, mode] of [[false, "no-script"], [true, "script"]]) {
  mkdirSync(`${shots}/${mode}`, { recursive: true });
  await trial(js, mode);
  await quarterHour(js, mode);
}
await browser.close();
await stopAll();
process.exit(close());

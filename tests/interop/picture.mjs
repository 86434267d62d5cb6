// Takes page.png, the picture in README: a home page with a few people on it, light, at twice the size. Asserts nothing
// but that everything is there.
import { chromium } from "playwright-core";
import { startHytte } from "./lib/hytte.mjs";
import { Owner } from "./lib/owner.mjs";
import { startPeer } from "./lib/peer.mjs";
import { avatar } from "./lib/png.mjs";
import { stopAll } from "./lib/process.mjs";
import { part } from "./lib/report.mjs";

const work = `${process.env.INTEROP_WORK}/picture`;
const { step, close } = part("picture");
const MINUTES = 60_000;
const ago = (minutes) => new Date(Date.now() - minutes * MINUTES).toISOString();

const person = (name, title, host, address, control, hue) =>
  startPeer({ origin: `http://${host}`, listen: `${address}:80`, control, name, data: `${work}/${name}`, flags: ["--title", title, "--hue", String(hue)] });

await step("the picture is taken", async () => {
  const hytte = await startHytte({
    owner: "ingrid@cabin.example", host: "cabin.example", scheme: "http", origin: "http://cabin.example", listen: "127.0.0.11:80", data: `${work}/hytte`,
  });
  const tuva = await person("tuva", "Tuva Lind", "birch.example", "127.0.0.12", 9061, 0.08);
  const marek = await person("marek", "Marek", "harbour.example", "127.0.0.13", 9062, 0.45);
  const amal = await person("amal", "Amal Haddad", "lantern.example", "127.0.0.14", 9063, 0.62);
  const ingrid = new Owner(hytte.origin);
  await ingrid.login(hytte.login);
  const settings = (await ingrid.open("/settings")).good().forms().find((form) => form.multipart);
  const named = (pattern) => [...settings.names].find((name) => pattern.test(name));
  await ingrid.submit(settings, {
    [named(/^name$/)]: "Ingrid",
    [named(/avatar|picture|icon/)]: new File([avatar(0.98, 400)], "me.png", { type: "image/png" }),
  });
  for (const friend of [tuva, marek]) {
    await ingrid.follow(friend.handle);
    await friend.received("the Follow", ({ type }) => type === "Follow");
  }
  const { id: read } = await amal.act("post", {
    content: "<p>A small joy of the week: my grandmother found her own recipes again, in the library’s scans of a 1962 newspaper.</p>", published: ago(190),
  });
  await marek.act("boost", { uri: read, published: ago(95) });
  await marek.act("post", {
    content: "<p>Three hours, two spoons and one burnt pot. I regret nothing.</p>", summary: "food, and what became of the kitchen", published: ago(48),
  });
  await tuva.act("post", {
    content: "<p>First snow on the ridge this morning. Nobody was up yet, only a raven. <a href=\"http://birch.example/tags/firstsnow\">#FirstSnow</a></p>",
    hashtags: ["FirstSnow"], picture: "A snow-covered ridge under a pink morning sky, dark hills in front of it", published: ago(14),
  });
  await ingrid.sees("only a raven");
  await ingrid.sees("grandmother");
  await ingrid.reply("only a raven", `${tuva.handle} Come down before noon, there is coffee and the stove is lit.`);
  await tuva.received("the reply", ({ object }) => object?.content?.includes("coffee"));
  for (const words of ["only a raven", "grandmother"]) await ingrid.press(words, "like");
  await picture(hytte.origin, ingrid.cookies);
});

async function picture(origin, cookies) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  const context = await browser.newContext({ viewport: { width: 900, height: 1240 }, deviceScaleFactor: 2, colorScheme: "light", locale: "en-GB" });
  await context.addCookies([...cookies].map(([name, value]) => ({ name, value, url: origin })));
  const page = await context.newPage();
  await page.goto(`${origin}/`, { waitUntil: "networkidle" });
  const end = await page.locator("article").last().evaluate((article) => article.getBoundingClientRect().bottom);
  await page.screenshot({ path: "page.png", fullPage: true, clip: { x: 0, y: 0, width: 900, height: Math.ceil(end) + 24 } });
  await browser.close();
}

await stopAll();
process.exit(close());

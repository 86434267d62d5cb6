// Feeds hytte the 262 odd objects of fediverse-pasture-inputs, as posts of someone its owner follows. Each must be
// answered 202 and be shown to the owner (at home, or by `hytte fetch`), or be refused with a 4xx and a reason in
// words, or dropped with a reason in the log; a 5xx, a silent drop or an empty refusal fails.
import { check, part, until } from "./lib/report.mjs";
import { startHytte } from "./lib/hytte.mjs";
import { Owner } from "./lib/owner.mjs";
import { start, stopAll } from "./lib/process.mjs";

const EXPECTED = 262;
const MAX_PAGES = 60;
const CONTROL = 9601;
const work = `${process.env.INTEROP_WORK}/pasture`;
const { step, close } = part("pasture", { giveUpAfter: Infinity });

const hytte = await startHytte({
  owner: "alice@hytte.test:9001", host: "hytte.test:9001", scheme: "http", origin: "http://hytte.test:9001",
  listen: "127.0.0.1:9001", data: `${work}/hytte`,
});
start(process.env.INTEROP_PYTHON, ["pasture.py", String(CONTROL), `${work}/key.pem`], { log: `${work}/pasture.log` });
const pasture = async (what, body = {}) =>
  (await fetch(`http://127.0.0.1:${CONTROL}/${what}`, { method: "POST", body: JSON.stringify(body) })).json();
const alice = new Owner(hytte.origin);
let all = [];

await step("the pasture is open", async () => {
  all = await until("pasture.py", () => pasture("list"));
  check(all.length === EXPECTED, `not the ${EXPECTED} objects`, all.length);
});
await step("alice follows the pasture's actor", async () => {
  await alice.login(hytte.login);
  await alice.follow("@actor@pasture-one-actor");
  const [follower] = await until("the Follow", async () => { const { followers } = await pasture("state"); return followers.length > 0 && followers; });
  check(follower.actor === hytte.actor && follower.answer < 300, "the Accept was refused", follower);
});

const answers = [];
for (let n = 0; n < all.length; n++) answers.push(await pasture("send", { n, to: hytte.actor }));

/** Every word that the home pages hold, walked to the oldest. */
async function home() {
  let [words, next] = ["", "/"];
  for (let n = 0; next && n < MAX_PAGES; n++) {
    const page = (await alice.open(next)).good();
    words += page.html;
    next = page.link((a) => a.getAttribute("rel") === "next");
  }
  return words;
}

// What is accepted is applied a moment later: wait until the pages stop gaining objects.
let shown = "";
let before = -1;
await step("the home timeline comes to rest", () => until("no more objects to appear", async () => {
  shown = await home();
  const now = all.filter(({ marker }) => shown.includes(marker)).length;
  const rest = now === before || now === all.length;
  before = now;
  if (!rest) await new Promise((done) => setTimeout(done, 1500));
  return rest;
}, 120));

const counts = { "shown at home": 0, "shown by fetch": 0, "dropped with a reason": 0, "refused with a reason": 0 };
const dropped = hytte.log(100000).split("\n").filter((line) => line.includes("an activity was dropped"));
const judged = [];
for (const [n, { name, marker, example }] of all.entries()) {
  const { code, text, id } = answers[n];
  judged.push([name, example, async () => {
    check(code < 500, "a server error", [code, text]);
    if (code >= 400) {
      check(/[a-z]{3,}.*[a-z]{3,}/i.test(text), `refused with ${code} and no reason`, text);
      return counts["refused with a reason"]++;
    }
    if (shown.includes(marker)) return counts["shown at home"]++;
    // Taken in, then dropped: the owner reads why in the log, and from a command that asks for it.
    const why = dropped.find((line) => line.includes(`/objects/${name}/create`))?.match(/error=(.*) activity=/)?.[1];
    if (why) {
      console.log(`-- ${name} was dropped: ${why}`);
      return counts["dropped with a reason"]++;
    }
    check(id, "accepted, not at home, and without an id to fetch it by");
    const fetched = await hytte.cli(["fetch", id]).catch((error) => error.message);
    check(fetched.includes(marker), "accepted, but neither at home nor fetched", fetched.slice(0, 400));
    return counts["shown by fetch"]++;
  }]);
}
for (const [name, example, judge] of judged) {
  await step(`${name} ${JSON.stringify(example).slice(0, 90)}`, judge);
}
await step("the server still answers, and its log has no panic", async () => {
  (await alice.open("/")).good();
  check(!/panicked/.test(hytte.log(100000)), "a panic", hytte.log(40));
});
console.log(`-- pasture: ${Object.entries(counts).map(([what, number]) => `${number} ${what}`).join(", ")}`);

await stopAll();
process.exit(close());

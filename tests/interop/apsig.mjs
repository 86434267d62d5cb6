// A second independent peer, in Python: its requests are signed, and ours judged, by the apsig library, draft-cavage and
// FEP-8b32 proofs alike. Everything is done both ways: follow, post with a mention, reply, like, boost, poll, undo, delete.
import { check, part, until } from "./lib/report.mjs";
import { startHytte } from "./lib/hytte.mjs";
import { Owner } from "./lib/owner.mjs";
import { start, stopAll } from "./lib/process.mjs";

const CONTROL = 9602;
const PUBLIC = "https://www.w3.org/ns/activitystreams#Public";
const work = `${process.env.INTEROP_WORK}/apsig`;
const { step, close } = part("apsig");

const hytte = await startHytte({
  owner: "alice@hytte.test:9001", host: "hytte.test:9001", scheme: "http", origin: "http://hytte.test:9001",
  listen: "127.0.0.1:9001", data: `${work}/hytte`,
});
start(process.env.INTEROP_PYTHON, ["apsig_peer.py", String(CONTROL)], { log: `${work}/apsig.log` });
const peer = async (what, body = {}) =>
  (await fetch(`http://127.0.0.1:${CONTROL}/${what}`, { method: "POST", body: JSON.stringify(body) })).json();
const alice = new Owner(hytte.origin);
const ola = "http://apsig.test/users/ola";
const inbox = `${hytte.actor}/inbox`;
let count = 0;

/** Sends an activity as ola; expects 202 unless `code` says otherwise. */
async function send(type, object, more = {}, { code = 202, ...how } = {}) {
  const id = `http://apsig.test/activities/${++count}`;
  const answer = await peer("send", { as: "ola", to: inbox, activity: { id, type, object, ...more }, ...how });
  check(answer.code === code, `${type} was answered`, answer);
  return { id, type, actor: ola, object, ...more };
}
const note = (n, content, more = {}) => ({
  id: `http://apsig.test/notes/${n}`, type: "Note", attributedTo: ola, content: `<p>${content}</p>`,
  published: new Date().toISOString(), to: [PUBLIC], cc: [`${ola}/followers`], ...more,
});
const mention = [{ type: "Mention", href: hytte.actor, name: "@alice@hytte.test:9001" }];
const publicly = { to: [PUBLIC], cc: [`${ola}/followers`, hytte.actor] };

/** The first activity of ours that fits; its signature must hold, and its proof if it has one. */
const got = (type, fits = () => true) => until(`our ${type}`, async () => {
  const { received } = await peer("state");
  const found = received.findLast(({ activity }) => activity.type === type && fits(activity));
  if (!found) return undefined;
  check(found.signature === `${hytte.actor}#main-key`, `apsig does not accept the signature of ${type}`, found.signature);
  check(found.proof === null || found.proof === `${hytte.actor}#ed25519-key`, `apsig does not accept the proof of ${type}`, found.proof);
  return found;
});
let post;

await step("alice follows ola, whose Accept counts", async () => {
  await until("apsig_peer.py", () => peer("state"));
  await alice.login(hytte.login);
  await alice.follow("@ola@apsig.test");
  await got("Follow");
  await until("the Accept", async () => (await alice.open("/following")).good().html.includes("Unfollow"));
});
await step("ola follows alice and is accepted", async () => {
  const follow = await send("Follow", hytte.actor);
  const { activity } = await got("Accept");
  check(activity.object.id === follow.id && activity.object.actor === ola, "not the Follow as it came", activity);
});
await step("alice's post that names ola arrives, and apsig verifies its signature and its FEP-8b32 proof", async () => {
  await alice.compose("good morning @ola@apsig.test");
  const { activity, proof } = await got("Create");
  check(proof === `${hytte.actor}#ed25519-key`, "no proof that apsig verifies", proof);
  check(activity.object.tag.some((tag) => tag.href === ola), "no mention", activity.object);
  post = activity.object.id;
});
await step("ola's post that names alice is shown, with a proof made by apsig", async () => {
  const hello = note("hello", "hello from Python", { cc: [`${ola}/followers`, hytte.actor], tag: mention });
  await send("Create", hello, publicly, { prove: true });
  await alice.sees("hello from Python");
  await alice.sees("hello from Python", "/notifications");
});
await step("a proof over other words is refused", async () => {
  const spoiled = note("spoiled", "never to be seen");
  await send("Create", spoiled, publicly, { prove: true, spoil: true, code: 401 });
  await alice.misses("never to be seen");
});
await step("ola's answer is shown below alice's post, and alice's answer arrives", async () => {
  const answer = note("answer", "and to you", { inReplyTo: post, cc: [hytte.actor], tag: mention });
  await send("Create", answer, publicly);
  await alice.sees("and to you", "/notifications");
  await alice.reply("hello from Python", "welcome");
  const { activity } = await got("Create", ({ object }) => object.content.includes("welcome"));
  check(activity.object.inReplyTo === "http://apsig.test/notes/hello", "not an answer", activity.object);
});
await step("ola likes and boosts alice's post, and takes both back", async () => {
  const like = await send("Like", post);
  const boost = await send("Announce", post, publicly);
  const notices = async () => (await alice.open("/notifications")).good().html;
  await until("both notifications", async () => /liked your post/.test(await notices()) && /boosted your post/.test(await notices()));
  await send("Undo", like);
  await send("Undo", boost);
  await until("neither notification", async () => !/liked your post|boosted your post/.test(await notices()));
});
await step("alice likes and boosts ola's post, and takes both back", async () => {
  const here = "http://apsig.test/notes/hello";
  await alice.press("hello from Python", "like");
  await got("Like", ({ object }) => object === here);
  await alice.press("hello from Python", "boost");
  await got("Announce", ({ object }) => object === here);
  await alice.press("hello from Python", "like");
  await got("Undo", ({ object }) => object.type === "Like" && object.object === here);
  await alice.press("hello from Python", "boost");
  await got("Undo", ({ object }) => object.type === "Announce" && object.object === here);
});
await step("alice votes in ola's poll", async () => {
  const option = (name) => ({ type: "Note", name, replies: { type: "Collection", totalItems: 0 } });
  const endTime = new Date(Date.now() + 3_600_000).toISOString();
  await send("Create", note("poll", "tea or coffee?", { type: "Question", oneOf: [option("tea"), option("coffee")], endTime }), publicly);
  await alice.sees("tea or coffee?");
  const { id } = await alice.post("tea or coffee?");
  const form = (await alice.open(`/post/${id}`)).good().form(/\/vote$/);
  const choice = [...form.names].find((name) => /choice|option|vote/.test(name));
  (await alice.submit(form, { [choice]: "1" })).good();
  const { activity } = await got("Create", ({ object }) => object.inReplyTo === "http://apsig.test/notes/poll");
  check(activity.object.name === "coffee" && !activity.object.content, "not a vote", activity.object);
  check(!JSON.stringify(activity).includes(PUBLIC), "a vote is nobody else's business", activity);
});
await step("both delete what they wrote", async () => {
  await send("Delete", { id: "http://apsig.test/notes/hello", type: "Tombstone" }, { to: [PUBLIC] });
  await alice.misses("hello from Python");
  await alice.press("good morning", "delete");
  const { activity } = await got("Delete");
  check((activity.object.id ?? activity.object) === post, "not her post", activity);
});
await step("ola leaves, and nothing waits", async () => {
  await send("Undo", { id: "http://apsig.test/activities/1", type: "Follow", actor: ola, object: hytte.actor });
  await until("no followers", async () => !(await alice.open("/followers")).good().html.includes("@ola@"));
  check(!/panicked/.test(hytte.log(100000)), "a panic", hytte.log(40));
});

await stopAll();
process.exit(close());

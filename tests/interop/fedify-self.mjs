// Two Fedify servers with each other: shows that the peer used against hytte is itself in order, in the mode given as
// first argument (rfc9421, cavage, or tls with eve behind nginx). Where this fails, no other part's result means anything.
import { check, part, until } from "./lib/report.mjs";
import { startPeer } from "./lib/peer.mjs";
import { stopAll } from "./lib/process.mjs";
import { certificate, nginx } from "./lib/tls.mjs";

const mode = process.argv[2] ?? "rfc9421";
const spec = mode === "cavage" ? "draft-cavage-http-signatures-12" : "rfc9421";
const work = `${process.env.INTEROP_WORK}/self-${mode}`;
const { step, close } = part(`fedify-self-${mode}`);
const kind = mode === "cavage" ? "cavage" : "rfc9421";
const flags = ["--first-knock", spec];

async function world() {
  if (mode !== "tls") {
    return [
      await startPeer({ origin: "http://bob.test:9401", listen: "127.0.0.1:9401", control: 9451, data: `${work}/bob`, flags }),
      await startPeer({ origin: "http://eve.test:9402", listen: "127.0.0.1:9402", control: 9452, data: `${work}/eve`, name: "eve", flags }),
    ];
  }
  const { cert, key } = certificate("fedify.localtest");
  nginx({ folder: `${work}/nginx`, name: "eve.localtest", listen: "127.0.0.3:443", upstream: "127.0.0.1:9402" });
  return [
    await startPeer({ origin: "https://fedify.localtest", listen: "127.0.0.2:443", control: 9451, data: `${work}/bob`, flags: [...flags, "--cert", cert, "--key", key] }),
    await startPeer({ origin: "https://eve.localtest", listen: "127.0.0.1:9402", control: 9452, data: `${work}/eve`, name: "eve", flags }),
  ];
}
const [bob, eve] = await world();

await step("eve is found and parsed", async () => {
  const eveSeen = await bob.act("look", { what: eve.actor });
  if (mode === "tls") check((await bob.act("look", { what: eve.handle })).id === eve.actor, "her handle leads elsewhere");
  check(eveSeen.username === "eve" && eveSeen.sharedInbox === `${eve.origin}/inbox`, "not eve", eveSeen);
});
await step("bob follows eve, and eve's Accept arrives", async () => {
  await bob.act("follow", { uri: eve.actor });
  await until("the Accept", async () => (await bob.state()).following.includes(eve.actor));
  check((await eve.state()).followers.includes(bob.actor), "eve does not have the follower");
});
const post = await step("eve's post reaches bob", async () => {
  const { id } = await eve.act("post", { content: "<p>A post with a #hashtag</p>", hashtags: ["hashtag"], picture: "a mountain" });
  const got = await bob.received("the Create", (a) => a.type === "Create" && a.objectId === id);
  check(got.object.content.includes("A post") && got.object.attachments[0].name === "a mountain", "parsed wrongly", got);
  return id;
});
await step("the edit, too", async () => {
  await eve.act("edit", { id: post, content: "<p>An edited post</p>" });
  const got = await bob.received("the Update", (a) => a.type === "Update" && a.objectId === post);
  check(got.object.content.includes("An edited"), "parsed wrongly", got);
});
await step("bob replies", async () => {
  await bob.act("post", { content: "<p>A reply</p>", inReplyTo: post, mentions: [{ id: eve.actor, handle: eve.handle }] });
  const got = await eve.received("the reply", (a) => a.type === "Create" && a.object?.replyTarget === post);
  check(got.object.tags.some((tag) => tag.type === "Mention" && tag.href === eve.actor), "no mention", got);
});
for (const [kind, type] of [["like", "Like"], ["boost", "Announce"]]) {
  await step(`bob's ${kind} and its undo`, async () => {
    const { id } = await bob.act(kind, { uri: post });
    await eve.received(type, (a) => a.type === type && a.objectId === post);
    await bob.act(`un${kind}`, { uri: post });
    await eve.received("Undo", (a) => a.type === "Undo" && a.objectId === id);
  });
}
await step("eve deletes: bob hears, and the address answers 410", async () => {
  await eve.act("delete", { id: post });
  await bob.received("the Delete", (a) => a.type === "Delete" && a.objectId === post);
  const answer = await fetch(post, { headers: { accept: "application/activity+json" } });
  check(answer.status === 410, "not gone", answer.status);
});
await step("bob unfollows", async () => {
  await bob.act("unfollow", { uri: eve.actor });
  await until("the follower to be gone", async () => (await eve.state()).followers.length === 0);
});
await step(`every delivery was signed as ${kind} and taken at the first knock`, async () => {
  for (const peer of [bob, eve]) {
    const { requests, errors } = await peer.state();
    const posts = requests.filter((r) => r.method === "POST");
    check(posts.length >= 3 && posts.every((r) => r.signature === kind && r.answer < 300), "otherwise", posts);
    check(errors.length === 0, `${peer.name} met errors`, errors);
  }
});

await stopAll();
process.exit(close());

// masto.js (the library under Elk and Phanpy) and megalodon (under Whalebird and others): each registers, is let in by the
// owner, reads, posts, uploads, pages and listens to the WebSocket.
import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";
import generator from "megalodon";
import { allow, owner } from "./lib/door.mjs";
import { startHytte } from "./lib/hytte.mjs";
import { avatar } from "./lib/png.mjs";
import { stopAll } from "./lib/process.mjs";
import { check, part, until } from "./lib/report.mjs";

const work = `${process.env.INTEROP_WORK}/mastojs`;
const { step, close } = part("mastojs", { giveUpAfter: Infinity });
const OOB = "urn:ietf:wg:oauth:2.0:oob";
const SCOPES = ["read", "write", "follow", "push"];

const place = (name, host, port) => ({
  owner: `${name}@${host}:${port}`, host: `${host}:${port}`, scheme: "http", origin: `http://${host}:${port}`, listen: `127.0.0.1:${port}`, data: `${work}/${name}`,
});
const hytte = await startHytte(place("alice", "hytte.test", 9001));
const valley = await startHytte(place("bob", "bob.test", 9002));
const alice = await owner(hytte);
const bobToken = (await valley.cli(["token", "--scopes", SCOPES.join(" ")])).trim().split(/\s+/).at(-1);
const bob = createRestAPIClient({ url: valley.origin, accessToken: bobToken });

/** Waits for the first value of an async iteration that fits. */
async function first(events, fits, seconds = 15) {
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error(`nothing came within ${seconds} s`)), seconds * 1000).unref());
  const look = async () => {
    for await (const event of events) if (fits(event)) return event;
    throw new Error("the stream ended");
  };
  return Promise.race([look(), late]);
}

// ---- masto.js ----
let token;
await step("masto.js: an app registers, is let in and exchanges its code", async () => {
  const app = await createRestAPIClient({ url: hytte.origin }).v1.apps.create({ clientName: "A masto.js app", redirectUris: OOB, scopes: SCOPES.join(" ") });
  check(app.clientId && app.clientSecret && app.redirectUri === OOB, "not an app", app);
  const query = new URLSearchParams({ response_type: "code", client_id: app.clientId, redirect_uri: OOB, scope: SCOPES.join(" ") });
  const code = await allow(alice, `${hytte.origin}/oauth/authorize?${query}`);
  const said = await createOAuthAPIClient({ url: hytte.origin }).token.create({
    grantType: "authorization_code", code, clientId: app.clientId, clientSecret: app.clientSecret, redirectUri: OOB, scope: SCOPES.join(" "),
  });
  token = said.accessToken;
  check(token && said.tokenType === "Bearer", "no token", said);
});
const masto = createRestAPIClient({ url: hytte.origin, accessToken: token });
let me, there;
await step("masto.js: who it is, and what the server can do", async () => {
  me = await masto.v1.accounts.verifyCredentials();
  const server = await masto.v2.instance.fetch();
  check(me.username === "alice" && server.configuration.urls.streaming.startsWith("ws") && server.apiVersions?.mastodon >= 7, "not", [me.acct, server.apiVersions]);
});
await step("masto.js: bob is found and followed, and follows back", async () => {
  const { accounts: [found] } = await masto.v2.search.list({ q: "bob@bob.test:9002", resolve: true });
  check((await masto.v1.accounts.$select(found.id).follow({ reblogs: true })).following, "not followed");
  const { accounts: [back] } = await bob.v2.search.list({ q: "alice@hytte.test:9001", resolve: true });
  await bob.v1.accounts.$select(back.id).follow();
  await until("both", async () => { const [r] = await masto.v1.accounts.relationships.fetch({ id: [found.id] }); return r.following && r.followedBy; });
});
let mine;
await step("masto.js: posts, with a picture, a poll and a plan", async () => {
  mine = await masto.v1.statuses.create({ status: "By masto.js #cabin", visibility: "public" });
  const media = await masto.v2.media.create({ file: new Blob([avatar(0.3, 40)], { type: "image/png" }), description: "a face", focus: "0.1,0.2" });
  check(media.type === "image" && media.url && media.description === "a face", "no picture", media);
  const pictured = await masto.v1.statuses.create({ status: "With a face", mediaIds: [media.id], sensitive: true, spoilerText: "face" });
  check(pictured.mediaAttachments[0].id === media.id, "without it", pictured);
  const asked = await masto.v1.statuses.create({ status: "Which?", poll: { options: ["a", "b"], expiresIn: 3600, multiple: true } });
  check(asked.poll.multiple && asked.poll.options.length === 2, "no poll", asked.poll);
  const plan = await masto.v1.statuses.create({ status: "Later", scheduledAt: new Date(Date.now() + 3600e3).toISOString() });
  await masto.v1.scheduledStatuses.$select(plan.id).remove();
  const edited = await masto.v1.statuses.$select(mine.id).update({ status: "By masto.js, edited #cabin" });
  check(edited.editedAt && edited.content.includes("edited"), "not edited", edited);
});
await step("masto.js: bob's answer is read, liked, boosted, answered", async () => {
  await bob.v1.statuses.create({ status: "@alice@hytte.test:9001 from the valley", visibility: "public" });
  there = await until("bob's post", async () => (await masto.v1.timelines.home.list()).find((s) => s.content.includes("valley")));
  check((await masto.v1.statuses.$select(there.id).favourite()).favourited, "not liked");
  check((await masto.v1.statuses.$select(there.id).reblog()).reblog.id === there.id, "not boosted");
  await masto.v1.statuses.create({ status: "Hello back", inReplyToId: there.id });
  const { ancestors, descendants } = await masto.v1.statuses.$select(there.id).context.fetch();
  check(ancestors.length === 0 && descendants.length === 1, "no thread", { ancestors, descendants });
});
await step("masto.js: notifications, plain and in groups", async () => {
  const plain = await masto.v1.notifications.list({ types: ["mention", "follow"] });
  check(plain.some((n) => n.type === "mention") && plain.some((n) => n.type === "follow"), "not both", plain.map((n) => n.type));
  const grouped = await masto.v2.notifications.list({ expandAccounts: "partial_avatars" });
  check(grouped.notificationGroups.length >= 2 && Number.isSafeInteger(grouped.notificationGroups[0].mostRecentNotificationId), "no groups", grouped);
});
await step("masto.js: pages of the home timeline to the end, each post once", async () => {
  const ids = [];
  for await (const page of masto.v1.timelines.home.list({ limit: 2 })) ids.push(...page.map((s) => s.id));
  check(ids.length >= 5 && new Set(ids).size === ids.length, "twice, or too few", ids);
});
await step("masto.js: lists, filters, markers; DELETE carries JSON", async () => {
  const list = await masto.v1.lists.create({ title: "over there", repliesPolicy: "followed" });
  const [friend] = await masto.v1.accounts.search.list({ q: "bob" });
  await masto.v1.lists.$select(list.id).accounts.create({ accountIds: [friend.id] });
  await masto.v1.lists.$select(list.id).accounts.remove({ accountIds: [friend.id] });
  check((await masto.v1.lists.$select(list.id).accounts.list()).length === 0, "still on it");
  await masto.v1.lists.$select(list.id).remove();
  const filter = await masto.v2.filters.create({ title: "f", context: ["home"], filterAction: "warn", keywordsAttributes: [{ keyword: "valley", wholeWord: true }] });
  const caught = await masto.v1.statuses.$select(there.id).fetch();
  check(caught.filtered?.[0]?.keywordMatches?.[0] === "valley", "not caught", caught.filtered);
  await masto.v2.filters.$select(filter.id).remove();
  await masto.v1.markers.create({ home: { lastReadId: there.id } });
  check((await masto.v1.markers.fetch({ timeline: ["home"] })).home.lastReadId === there.id, "no marker");
});
await step("masto.js: the profile, fields as form data", async () => {
  const changed = await masto.v1.accounts.updateCredentials({ displayName: "Alice by masto.js", fieldsAttributes: [{ name: "a", value: "b" }], avatar: new Blob([avatar(0.8, 60)], { type: "image/png" }) });
  check(changed.displayName === "Alice by masto.js" && changed.fields[0].name === "a" && changed.avatar !== me.avatar, "not changed", changed);
});
await step("masto.js: the WebSocket, its token as sub-protocol, brings posts and notifications", async () => {
  const streaming = createStreamingAPIClient({ streamingApiUrl: `ws://hytte.test:9001`, accessToken: token, implementation: globalThis.WebSocket });
  const events = streaming.user.subscribe();
  setTimeout(() => bob.v1.statuses.create({ status: "@alice@hytte.test:9001 live from the valley", visibility: "public" }), 1000);
  const event = await first(events, ({ event, payload }) => event === "update" && payload.content.includes("live from"));
  check(event.payload.account.acct === "bob@bob.test:9002", "not bob", event);
  streaming.close();
});
await step("masto.js: a wrong token is an error with Mastodon's words", async () => {
  const wrong = createRestAPIClient({ url: hytte.origin, accessToken: "nonsense" });
  const error = await wrong.v1.accounts.verifyCredentials().then(() => null, (error) => error);
  check(error?.statusCode === 401 && error.message.includes("access token is invalid"), "another", String(error));
});

// ---- megalodon ----
let mega;
// Its detector goes by NodeInfo's list of names, where hytte says its own: an app names the sort of server itself.
await step("megalodon: an app registers, is let in and exchanges its code", async () => {
  const stranger = generator("mastodon", hytte.origin);
  const app = await stranger.registerApp("A megalodon app", { scopes: SCOPES, redirect_uris: OOB });
  const code = await allow(alice, app.url);
  const said = await stranger.fetchAccessToken(app.client_id, app.client_secret, code, OOB);
  mega = generator("mastodon", hytte.origin, said.accessToken ?? said.access_token);
  check((await mega.verifyAccountCredentials()).data.username === "alice", "not alice");
});
await step("megalodon: home, notifications, instance, emoji, preferences", async () => {
  const home = (await mega.getHomeTimeline({ limit: 5 })).data;
  check(home.length === 5 && home.every((s) => s.account.acct && s.created_at), "not five", home.length);
  const notices = (await mega.getNotifications({ limit: 10 })).data;
  check(notices.some((n) => n.type === "mention"), "no mention", notices.map((n) => n.type));
  check((await mega.getInstance()).data.configuration.statuses.max_characters >= 500, "no limits");
  await mega.getInstanceCustomEmojis();
  await mega.getPreferences();
  await mega.getFilters();
  await mega.getLists();
  await mega.getConversationTimeline();
  await mega.getBookmarks();
  await mega.getFavourites();
});
await step("megalodon: posts, answers, likes, uploads, searches, deletes", async () => {
  const posted = (await mega.postStatus("By megalodon", { visibility: "unlisted", spoiler_text: "fish" })).data;
  check(posted.visibility === "unlisted" && posted.spoiler_text === "fish", "not as sent", posted);
  const reply = (await mega.postStatus("And more", { in_reply_to_id: posted.id })).data;
  check(reply.in_reply_to_id === posted.id, "no answer", reply);
  check((await mega.favouriteStatus(posted.id)).data.favourited, "not liked");
  const found = (await mega.search("bob@bob.test:9002", { type: "accounts", resolve: true })).data;
  check(found.accounts[0].acct === "bob@bob.test:9002", "not found", found);
  await mega.deleteStatus(reply.id);
  const gone = await mega.getStatus(reply.id).then(() => null, (error) => error);
  check(gone, "it is still there");
});
await step("megalodon: the WebSocket brings a post", async () => {
  const stream = await mega.userStreaming();
  const came = new Promise((done, fail) => {
    stream.on("update", (status) => status.content.includes("for megalodon") && done(status));
    stream.on("error", fail);
    setTimeout(() => fail(new Error("nothing came within 15 s")), 15_000).unref();
  });
  setTimeout(() => bob.v1.statuses.create({ status: "for megalodon", visibility: "public" }), 1000);
  const status = await came;
  check(status.account.acct === "bob@bob.test:9002", "not bob", status.account);
  stream.stop();
});
await step("no server panicked", async () => {
  for (const house of [hytte, valley]) check(!/panicked/.test(house.log(100000)), "a panic", house.log(40));
});

await stopAll();
process.exit(close());

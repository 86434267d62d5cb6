// A small server made with @fedify/fedify: one actor, `bob` (or --name), with posts, follows, likes and boosts.
// Tests steer it and read what it saw over a control port on loopback. It must never be fitted to hytte: what it
// records is what Fedify verified and parsed.
//
//   node fedify-peer.mjs --origin http://fedify.test:9001 --listen 127.0.0.1:9001 --control 9101 --data DIR
//     [--name bob] [--title "Bob of Fedify"] [--hue 0.1] [--first-knock rfc9421|draft-cavage-http-signatures-12] [--refuse-cavage] [--cert F --key F]
import { readFileSync, writeFileSync, existsSync, mkdirSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { parseArgs } from "node:util";
import { createFederation, exportJwk, generateCryptoKeyPair, importJwk, MemoryKvStore, parseNodeInfo } from "@fedify/fedify";
import {
  Accept, Activity, Announce, Create, Delete, Document, Endpoints, Follow, Hashtag, Image, Like, Mention, Note, Person,
  PUBLIC_COLLECTION, Reject, Tombstone, Undo, Update,
} from "@fedify/fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";
import { avatar, mountain } from "./lib/png.mjs";
import { describe } from "./lib/fedify-parse.mjs";

const { values: options } = parseArgs({
  options: {
    origin: { type: "string" }, listen: { type: "string" }, control: { type: "string" }, data: { type: "string" },
    name: { type: "string", default: "bob" },
    title: { type: "string" },
    hue: { type: "string", default: "0.1" },
    "first-knock": { type: "string", default: "rfc9421" },
    "refuse-cavage": { type: "boolean", default: false },
    cert: { type: "string" }, key: { type: "string" },
  },
});
const NAME = options.name;
const ORIGIN = options.origin;

const state = {
  followers: new Map(), // actor id → what Fedify needs to deliver to it
  following: new Map(), // actor id → the id of our Follow, once accepted
  asked: new Map(), // actor id → the id of our Follow, not yet answered
  notes: new Map(), // note id → what it says
  acts: new Map(), // "like URI" → the activity, for its Undo
  received: [], // every activity that Fedify verified and handed to a listener
  requests: [], // every request: method, path, kind of signature, answer
  errors: [],
};
let counter = 0;
const next = () => `${Date.now().toString(36)}-${++counter}`;

const kv = new MemoryKvStore();
const federation = createFederation({
  kv,
  origin: ORIGIN,
  allowPrivateAddress: true,
  firstKnock: options["first-knock"],
  circuitBreaker: false,
});

// ---- what others read ----

federation
  .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (identifier !== NAME) return null;
    const keys = await ctx.getActorKeyPairs(identifier);
    return new Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: options.title ?? `${NAME[0].toUpperCase()}${NAME.slice(1)} of Fedify`,
      summary: "<p>I am made with <b>Fedify</b>.</p>",
      url: new URL(`/@${identifier}`, ORIGIN),
      icon: new Image({ url: new URL("/avatar.png", ORIGIN), mediaType: "image/png" }),
      published: Temporal.Instant.from("2026-01-02T03:04:05Z"),
      manuallyApprovesFollowers: false,
      discoverable: true,
      inbox: ctx.getInboxUri(identifier),
      outbox: ctx.getOutboxUri(identifier),
      followers: ctx.getFollowersUri(identifier),
      following: ctx.getFollowingUri(identifier),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      publicKey: keys[0].cryptographicKey,
      assertionMethods: keys.map((pair) => pair.multikey),
    });
  })
  .setKeyPairsDispatcher(async (_ctx, identifier) => (identifier === NAME ? await keyPairs() : []));

federation.setObjectDispatcher(Note, "/notes/{id}", (ctx, { id }) => {
  const kept = state.notes.get(ctx.getObjectUri(Note, { id }).href);
  return kept && !kept.deleted ? note(ctx, kept) : null;
});
federation
  .setOutboxDispatcher("/users/{identifier}/outbox", (ctx) => ({
    items: [...state.notes.values()].filter((kept) => !kept.deleted && kept.audience === "public").map((kept) => create(ctx, kept)),
  }))
  .setCounter(() => [...state.notes.values()].filter((kept) => !kept.deleted && kept.audience === "public").length);
federation
  .setFollowersDispatcher("/users/{identifier}/followers", () => ({ items: [...state.followers.values()] }))
  .setCounter(() => state.followers.size);
federation
  .setFollowingDispatcher("/users/{identifier}/following", () => ({ items: [...state.following.keys()].map((id) => new URL(id)) }))
  .setCounter(() => state.following.size);

async function keyPairs() {
  const file = `${options.data}/keys.json`;
  if (!existsSync(file)) {
    mkdirSync(options.data, { recursive: true });
    const made = await Promise.all([generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), generateCryptoKeyPair("Ed25519")]);
    const kept = await Promise.all(made.map(async (pair) => ({
      publicKey: await exportJwk(pair.publicKey), privateKey: await exportJwk(pair.privateKey),
    })));
    writeFileSync(file, JSON.stringify(kept), { mode: 0o600 });
  }
  return Promise.all(JSON.parse(readFileSync(file, "utf8")).map(async (kept) => ({
    publicKey: await importJwk(kept.publicKey, "public"), privateKey: await importJwk(kept.privateKey, "private"),
  })));
}

function note(ctx, kept) {
  const mentions = kept.mentions.map(({ id, handle }) => new Mention({ href: new URL(id), name: handle }));
  const hashtags = kept.hashtags.map((tag) => new Hashtag({ href: new URL(`/tags/${tag}`, ORIGIN), name: `#${tag}` }));
  return new Note({
    id: new URL(kept.id),
    attribution: ctx.getActorUri(NAME),
    url: new URL(kept.id.replace("/notes/", `/@${NAME}/`)),
    content: kept.content,
    summary: kept.summary ?? null,
    sensitive: kept.summary != null,
    replyTarget: kept.inReplyTo ? new URL(kept.inReplyTo) : null,
    published: Temporal.Instant.from(kept.published),
    updated: kept.updated ? Temporal.Instant.from(kept.updated) : null,
    attachments: kept.picture
      ? [new Document({ url: new URL("/picture.png", ORIGIN), mediaType: "image/png", name: kept.picture, width: 1200, height: 600 })]
      : [],
    tags: [...mentions, ...hashtags],
    ...audience(ctx, kept),
  });
}

function audience(ctx, kept) {
  const followers = ctx.getFollowersUri(NAME);
  const named = kept.mentions.map(({ id }) => new URL(id));
  if (kept.audience === "mentioned") return { tos: named };
  if (kept.audience === "followers") return { tos: [followers], ccs: named };
  return { tos: [PUBLIC_COLLECTION], ccs: [followers, ...named] };
}

function create(ctx, kept) {
  return new Create({ id: new URL(`${kept.id}/create`), actor: ctx.getActorUri(NAME), object: note(ctx, kept), ...audience(ctx, kept) });
}

// ---- what others send ----

async function record(ctx, activity) {
  state.received.push(await describe(activity, ctx));
}

federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(Follow, async (ctx, follow) => {
    await record(ctx, follow);
    const follower = await follow.getActor(ctx);
    if (!follower?.id || follow.objectId?.href !== ctx.getActorUri(NAME).href) return;
    state.followers.set(follower.id.href, follower);
    await ctx.sendActivity({ identifier: NAME }, follower, new Accept({
      id: new URL(`/accepts/${next()}`, ORIGIN), actor: follow.objectId, object: follow, to: follower.id,
    }));
  })
  .on(Accept, async (ctx, accept) => {
    await record(ctx, accept);
    const who = accept.actorId?.href;
    if (state.asked.has(who)) {
      state.following.set(who, state.asked.get(who));
      state.asked.delete(who);
    }
  })
  .on(Reject, async (ctx, reject) => {
    await record(ctx, reject);
    state.asked.delete(reject.actorId?.href);
    state.following.delete(reject.actorId?.href);
  })
  .on(Undo, async (ctx, undo) => {
    await record(ctx, undo);
    const undone = await undo.getObject(ctx);
    if (undone instanceof Follow && undone.objectId?.href === ctx.getActorUri(NAME).href) {
      state.followers.delete(undo.actorId?.href);
    }
  })
  .on(Activity, record)
  .onError((_ctx, error) => state.errors.push(String(error?.stack ?? error)));

// ---- what bob does, on the test's word ----

/** The remote actor or object Fedify finds at a URI or handle, or an error that the test prints. */
async function look(ctx, what) {
  const found = await ctx.lookupObject(what, { documentLoader: await ctx.getDocumentLoader({ identifier: NAME }) });
  if (found == null) throw new Error(`Fedify finds nothing at ${what}`);
  return found;
}

const send = (ctx, to, activity) => ctx.sendActivity({ identifier: NAME }, to, activity);

async function publish(ctx, kept, activity) {
  const mentioned = [];
  for (const { id } of kept.mentions) mentioned.push(await look(ctx, id));
  if (mentioned.length > 0) await send(ctx, mentioned, activity);
  const left = [...state.followers.values()].filter((one) => !kept.mentions.some(({ id }) => id === one.id.href));
  if (kept.audience !== "mentioned" && left.length > 0) {
    await ctx.sendActivity({ identifier: NAME }, left, activity, { preferSharedInbox: true });
  }
}

/** Like and Announce: to the author and, for a boost, to the followers; kept for its Undo. */
async function react(ctx, kind, { uri, published }) {
  const object = await look(ctx, uri);
  const author = await look(ctx, object.attributionId);
  const fields = { id: new URL(`/acts/${next()}`, ORIGIN), actor: ctx.getActorUri(NAME), object: object.id };
  const activity = kind === "like"
    ? new Like({ ...fields, to: author.id })
    : new Announce({ ...fields, to: PUBLIC_COLLECTION, ccs: [ctx.getFollowersUri(NAME), author.id], published: published ? Temporal.Instant.from(published) : Temporal.Now.instant() });
  state.acts.set(`${kind} ${uri}`, { activity, author });
  await send(ctx, hearers(kind, author), activity);
  return { id: activity.id.href };
}

const hearers = (kind, author) =>
  kind === "like" ? author : [author, ...[...state.followers.values()].filter((one) => one.id.href !== author.id.href)];

async function unreact(ctx, kind, uri) {
  const { activity, author } = state.acts.get(`${kind} ${uri}`);
  state.acts.delete(`${kind} ${uri}`);
  await send(ctx, hearers(kind, author), new Undo({
    id: new URL(`${activity.id.href}/undo`), actor: ctx.getActorUri(NAME), object: activity, to: author.id,
    ...(kind === "boost" ? { cc: PUBLIC_COLLECTION } : {}),
  }));
  return {};
}

const acts = {
  async follow(ctx, { uri }) {
    const actor = await look(ctx, uri);
    const id = new URL(`/follows/${next()}`, ORIGIN);
    state.asked.set(actor.id.href, id.href);
    await send(ctx, actor, new Follow({ id, actor: ctx.getActorUri(NAME), object: actor.id, to: actor.id }));
    return { id: id.href, actor: actor.id.href };
  },
  async unfollow(ctx, { uri }) {
    const actor = await look(ctx, uri);
    const id = state.following.get(actor.id.href) ?? state.asked.get(actor.id.href);
    state.following.delete(actor.id.href);
    await send(ctx, actor, new Undo({
      id: new URL(`${id}/undo`), actor: ctx.getActorUri(NAME), to: actor.id,
      object: new Follow({ id: new URL(id), actor: ctx.getActorUri(NAME), object: actor.id }),
    }));
    return {};
  },
  async post(ctx, { content, summary, inReplyTo, mentions = [], hashtags = [], picture, audience = "public", published = new Date().toISOString() }) {
    const id = ctx.getObjectUri(Note, { id: next() }).href;
    const kept = { id, content, summary, inReplyTo, mentions, hashtags, picture, audience, published };
    state.notes.set(id, kept);
    await publish(ctx, kept, create(ctx, kept));
    return { id };
  },
  async edit(ctx, { id, content }) {
    const kept = state.notes.get(id);
    Object.assign(kept, { content, updated: new Date().toISOString() });
    await publish(ctx, kept, new Update({
      id: new URL(`${id}/update/${next()}`), actor: ctx.getActorUri(NAME), object: note(ctx, kept), ...audience(ctx, kept),
    }));
    return {};
  },
  async delete(ctx, { id }) {
    const kept = state.notes.get(id);
    kept.deleted = true;
    await publish(ctx, kept, new Delete({
      id: new URL(`${id}/delete`), actor: ctx.getActorUri(NAME), object: new Tombstone({ id: new URL(id) }), ...audience(ctx, kept),
    }));
    return {};
  },
  like: (ctx, wanted) => react(ctx, "like", wanted),
  unlike: (ctx, { uri }) => unreact(ctx, "like", uri),
  boost: (ctx, wanted) => react(ctx, "boost", wanted),
  unboost: (ctx, { uri }) => unreact(ctx, "boost", uri),
  /** What Fedify makes of a URI or handle, fetched with bob's signature. */
  look: async (ctx, { what }) => describe(await look(ctx, what), ctx),
  webfinger: async (ctx, { what }) => ctx.lookupWebFinger(what),
  /** Fedify's strict reading of a server's NodeInfo; its own fetch of one refuses loopback, so the walk there is ours. */
  async nodeinfo(_ctx, { what }) {
    const index = await (await fetch(new URL("/.well-known/nodeinfo", what))).json();
    const link = index.links.find(({ rel }) => /nodeinfo\.diaspora\.software\/ns\/schema\/2\.[01]$/.test(rel));
    return parseNodeInfo(await (await fetch(link.href)).json());
  },
  /** The ids in a collection of ours or theirs, walked page by page. */
  async collect(ctx, { uri }) {
    const collection = await look(ctx, uri);
    const items = [];
    for await (const item of ctx.traverseCollection(collection)) items.push(item.id?.href ?? null);
    return { total: collection.totalItems, items };
  },
  state: async () => ({
    actor: `${ORIGIN}/users/${NAME}`,
    followers: [...state.followers.keys()], following: [...state.following.keys()], asked: [...state.asked.keys()],
    notes: [...state.notes.values()], received: state.received, requests: state.requests, errors: state.errors,
  }),
  /** The signature Fedify remembers as accepted by an origin. */
  spec: async (_ctx, { origin }) => ({ spec: (await kv.get(["_fedify", "httpMessageSignaturesSpec", origin])) ?? null }),
};

// ---- the two servers ----

async function answer(request) {
  const url = new URL(request.url);
  if (url.pathname === "/avatar.png") return picture(avatar(Number(options.hue)));
  if (url.pathname === "/picture.png") return picture(mountain());
  const noted = state.notes.get(`${ORIGIN}${url.pathname}`);
  if (noted?.deleted) {
    const tombstone = { "@context": "https://www.w3.org/ns/activitystreams", id: noted.id, type: "Tombstone" };
    return new Response(JSON.stringify(tombstone), { status: 410, headers: { "content-type": "application/activity+json" } });
  }
  if (options["refuse-cavage"] && request.method === "POST" && !request.headers.has("signature-input")) {
    return new Response("only RFC 9421 signatures here\n", { status: 401 });
  }
  return federation.fetch(request, { contextData: undefined });
}

const picture = (bytes) => new Response(bytes, { headers: { "content-type": "image/png" } });

function signature(headers) {
  if (headers["signature-input"]) return "rfc9421";
  return headers.signature ? "cavage" : "none";
}

async function serve(req, res) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  // Behind a proxy the scheme is the public one, which is what RFC 9421's @target-uri is made of.
  const request = new Request(`${new URL(ORIGIN).protocol}//${req.headers.host}${req.url}`, {
    method: req.method, headers: req.headers, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
  });
  let response;
  try {
    response = await answer(request);
  } catch (error) {
    state.errors.push(String(error?.stack ?? error));
    response = new Response(String(error), { status: 500 });
  }
  state.requests.push({
    method: req.method, path: req.url, signature: signature(req.headers), agent: req.headers["user-agent"] ?? "", answer: response.status,
  });
  res.writeHead(response.status, Object.fromEntries(response.headers));
  res.end(Buffer.from(await response.arrayBuffer()));
}

async function control(req, res) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const act = acts[req.url.slice(1)];
  let [code, answered] = [404, { error: "no such act" }];
  try {
    if (act) [code, answered] = [200, await act(federation.createContext(new URL(ORIGIN), undefined), JSON.parse(Buffer.concat(chunks) || "{}"))];
  } catch (error) {
    [code, answered] = [502, { error: String(error?.stack ?? error) }];
  }
  res.writeHead(code, { "content-type": "application/json" });
  res.end(JSON.stringify(answered ?? null));
}

const [host, port] = options.listen.split(":");
const server = options.cert
  ? https.createServer({ cert: readFileSync(options.cert), key: readFileSync(options.key) }, serve)
  : http.createServer(serve);
server.listen(Number(port), host, () => {
  http.createServer(control).listen(Number(options.control), "127.0.0.1", () => console.log("ready"));
});

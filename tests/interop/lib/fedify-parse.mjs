// What Fedify made of a document, as plain JSON for the tests. Only its typed getters are read, never the raw JSON.

const href = (url) => url?.href ?? null;

/** Plain JSON of an activity, actor or post, with an activity's object one level deep. */
export async function describe(thing, ctx, depth = 1) {
  const out = { type: thing.constructor.name, id: href(thing.id), to: thing.toIds.map(href), cc: thing.ccIds.map(href) };
  if ("actorId" in thing) await activity(out, thing, ctx, depth);
  else if ("inboxId" in thing) await actor(out, thing, ctx);
  else await post(out, thing, ctx);
  return out;
}

async function activity(out, thing, ctx, depth) {
  out.actor = href(thing.actorId);
  out.objectId = href(thing.objectId);
  if (depth > 0) {
    const object = await thing.getObject({ ...loaders(ctx), suppressError: true });
    out.object = object ? await describe(object, ctx, depth - 1) : null;
  }
}

async function actor(out, thing, ctx) {
  out.username = thing.preferredUsername?.toString() ?? null;
  out.name = thing.name?.toString() ?? null;
  out.summary = thing.summary?.toString() ?? null;
  out.url = href(thing.url);
  out.inbox = href(thing.inboxId);
  out.outbox = href(thing.outboxId);
  out.followers = href(thing.followersId);
  out.following = href(thing.followingId);
  out.sharedInbox = href(thing.endpoints?.sharedInbox);
  out.manuallyApprovesFollowers = thing.manuallyApprovesFollowers;
  out.key = href(thing.publicKeyId);
  const icon = await thing.getIcon(loaders(ctx)).catch(() => null);
  out.icon = icon ? href(icon.url) : null;
}

async function post(out, thing, ctx) {
  out.author = href(thing.attributionId);
  out.content = thing.content?.toString() ?? null;
  out.summary = thing.summary?.toString() ?? null;
  out.sensitive = thing.sensitive ?? null;
  out.replyTarget = href(thing.replyTargetId);
  out.url = href(thing.url);
  out.published = thing.published?.toString() ?? null;
  out.updated = thing.updated?.toString() ?? null;
  out.tags = [];
  for await (const tag of thing.getTags(loaders(ctx))) {
    out.tags.push({ type: tag.constructor.name, name: tag.name?.toString() ?? null, href: href(tag.href) });
  }
  out.attachments = [];
  for await (const one of thing.getAttachments(loaders(ctx))) {
    out.attachments.push({ type: one.constructor.name, url: href(one.url), mediaType: one.mediaType, name: one.name?.toString() ?? null });
  }
  out.replies = href(thing.repliesId);
  out.likes = href(thing.likesId);
  out.shares = href(thing.sharesId);
}

const loaders = (ctx) => ({ documentLoader: ctx.documentLoader, contextLoader: ctx.contextLoader });

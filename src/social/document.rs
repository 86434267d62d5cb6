//! Builds ActivityStreams documents from rows. Fetched documents and the objects of our activities come from the same
//! code.

use serde_json::Value;

use super::{emoji, interaction::documents, poll, post_metadata};
use crate::ap::addressing::{self, Recipients};
use crate::ap::write_activity::{self as activity, ActivityEnvelope};
use crate::ap::write_actor::{self, InstanceActor, OwnActor, OwnImage, PublishedKey};
use crate::ap::write_object::{self, OwnAttachment, OwnPostDocument, OwnTag, OwnVoteDocument, PostShape};
use crate::base::config::Origin;
use crate::base::id::{ActivityId, ActorId, PostId};
use crate::base::{Audience, Result, Time};
use crate::store::actors::{self, Actor};
use crate::store::media_files::MediaFileName;
use crate::store::posts::attachments::{self, PostAttachment};
use crate::store::posts::{self, Post, PostHashtag, PostMention};
use crate::store::{Read, node, posts::groups};
use crate::text::compose;

/// The URI for a new post by the owner.
pub fn post_uri(owner: &Actor, id: PostId) -> String {
    format!("{}/statuses/{id}", owner.uri)
}

/// The URL of the HTML page of a new post by the owner.
pub fn post_page_url(owner: &Actor, id: PostId) -> String {
    format!("{}/{id}", owner.url)
}

/// The URI for a new activity of ours.
pub fn activity_uri(owner: &Actor, id: ActivityId) -> String {
    format!("{}/activities/{id}", owner.uri)
}

/// The URL of one of our media files.
pub fn media_url(origin: &Origin, file: &str) -> String {
    origin.url(&format!("/media/{file}"))
}

/// Prefix of hashtag links; the hashtag's normalized name is appended.
pub fn hashtag_base_url(origin: &Origin) -> String {
    origin.url("/tags/")
}

/// The owner's actor document.
pub fn owner_actor(r: &Read<'_>) -> Result<Value> {
    let origin = node::get(r)?.origin;
    let owner = actors::by_id(r, node::owner(r)?)?;
    let key = node::key_of(r, owner.id)?;
    let text = |uri: &Option<String>| uri.clone().unwrap_or_default();
    let settings = node::settings(r)?;
    let image = |file: &Option<String>, alt: &str| {
        let name = MediaFileName::parse(file.as_deref()?).ok()?;
        let url = media_url(&origin, name.as_str());
        Some(OwnImage { url, media_type: name.media_type().to_owned(), alt: alt.to_owned() })
    };
    Ok(write_actor::owner(&OwnActor {
        id: owner.uri.clone(),
        automated: owner.kind == "Service",
        inbox: owner.inbox.clone(),
        outbox: text(&owner.outbox),
        followers: text(&owner.followers),
        following: text(&owner.following),
        featured: text(&owner.featured),
        featured_tags: text(&owner.featured_tags),
        shared_inbox: text(&owner.shared_inbox),
        url: owner.url.clone(),
        username: owner.username.clone(),
        webfinger: owner.handle(),
        name: owner.name.clone(),
        bio: owner.bio.clone(),
        key: PublishedKey { id: key.uri, text: key.public },
        proof_key: proof_key(r, owner.id)?,
        approves_followers: owner.approves_followers,
        discoverable: owner.discoverable,
        indexable: owner.indexable,
        featurable: owner.discoverable,
        fields: owner.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect(),
        icon: image(&owner.icon, &settings.icon_alt),
        image: image(&owner.image, &settings.image_alt),
        published: owner.published_at,
        also_known_as: owner.also_known_as.clone(),
        moved_to: owner.moved_to.clone(),
        attribution_domains: settings.attribution_domains,
        tags: emoji::tags(r, &owner.emoji)?,
    }))
}

/// The part of the owner's actor document that everyone may read: enough to verify its signatures and to reply to it.
pub fn owner_actor_stub(r: &Read<'_>) -> Result<Value> {
    let owner = actors::by_id(r, node::owner(r)?)?;
    let key = node::key_of(r, owner.id)?;
    Ok(write_actor::actor_stub(&OwnActor {
        id: owner.uri.clone(),
        inbox: owner.inbox.clone(),
        shared_inbox: owner.shared_inbox.clone().unwrap_or_default(),
        url: owner.url.clone(),
        username: owner.username.clone(),
        webfinger: owner.handle(),
        key: PublishedKey { id: key.uri, text: key.public },
        proof_key: proof_key(r, owner.id)?,
        ..OwnActor::default()
    }))
}

/// The instance actor's document.
pub fn instance_actor(r: &Read<'_>) -> Result<Value> {
    let facts = node::get(r)?;
    let service = actors::by_id(r, facts.service)?;
    let key = node::key_of(r, facts.service)?;
    Ok(write_actor::instance(&InstanceActor {
        id: service.uri,
        inbox: service.inbox,
        outbox: service.outbox.unwrap_or_default(),
        shared_inbox: service.shared_inbox.unwrap_or_default(),
        host: facts.origin.host.clone(),
        url: service.url,
        key: PublishedKey { id: key.uri, text: key.public },
        proof_key: proof_key(r, facts.service)?,
    }))
}

fn proof_key(r: &Read<'_>, actor: ActorId) -> Result<Option<PublishedKey>> {
    Ok(node::proof_key_of(r, actor)?.map(|key| PublishedKey { id: key.uri, text: key.public }))
}

/// The document of one of the owner's posts. Its audience decides `to` and `cc`.
pub fn post(r: &Read<'_>, owner: &Actor, post: &Post) -> Result<Value> {
    let origin = node::get(r)?.origin;
    let mentions = posts::mentions(r, post.id)?;
    let tags = posts::hashtags(r, post.id)?;
    let files = attachments::of_posts(r, &[post.id])?;
    let below = |name: &str| Some(format!("{}/{name}", post.uri));
    let group = groups::of_post(r, post.id)?.map(|id| actors::by_id(r, id)).transpose()?;
    let group = group.map(|group| group.uri).filter(|_| post.audience.is_open());
    let written = OwnPostDocument {
        id: post.uri.clone(),
        shape: poll::for_document(r, post.id)?.map_or_else(|| post_shape(post), PostShape::Question),
        author: owner.uri.clone(),
        url: post.html_url().to_owned(),
        content: post.content.clone(),
        language: post.language.clone(),
        summary: post.warning.clone().or_else(|| post.metadata.summary.clone()),
        preview: post_metadata::preview_html(post),
        sensitive: post.sensitive,
        in_reply_to: post.reply_to_uri.clone(),
        published: post.published_at,
        updated: post.edited_at,
        recipients: address_group(recipients(owner, post.audience, &mentions), group.as_deref()),
        group,
        tags: [tag_entries(&origin, &mentions, &tags), emoji::tags(r, &post.emoji)?].concat(),
        attachments: files.iter().filter_map(|file| own_attachment(&origin, file)).collect(),
        replies: below("replies"),
        likes: below("likes"),
        shares: below("shares"),
        context: post.context_uri.clone(),
        source: post.source.clone().map(|text| (text, post_metadata::source_type(post).to_owned())),
        ..OwnPostDocument::default()
    };
    Ok(write_object::post_document(&documents::add_to_post(r, owner, post, &mentions, written)?))
}

fn post_shape(post: &Post) -> PostShape {
    match (post.kind.as_str(), &post.title) {
        ("Page", Some(title)) => PostShape::Page { title: title.clone() },
        ("Article", Some(title)) => PostShape::Article { title: title.clone() },
        _ => PostShape::Note,
    }
}

/// A group is addressed in `to`: groups announce only what is addressed to them (FEP-1b12).
fn address_group(mut lists: Recipients, group: Option<&str>) -> Recipients {
    if let Some(group) = group {
        lists.cc.retain(|one| one != group);
        lists.to.push(group.to_owned());
    }
    lists
}

/// `to` and `cc` of one of the owner's posts, without a group.
pub fn recipients(owner: &Actor, audience: Audience, mentions: &[PostMention]) -> Recipients {
    let people: Vec<String> = mentions.iter().map(|m| m.uri.clone()).filter(|uri| *uri != owner.uri).collect();
    addressing::write(audience, owner.followers.as_deref().unwrap_or_default(), &people)
}

fn tag_entries(origin: &Origin, mentions: &[PostMention], tags: &[PostHashtag]) -> Vec<OwnTag> {
    let mention = |m: &PostMention| OwnTag::Mention { href: m.uri.clone(), name: format!("@{}", m.handle) };
    let hashtag = |t: &PostHashtag| OwnTag::Hashtag {
        href: compose::tag_url(&hashtag_base_url(origin), &t.name),
        name: format!("#{}", t.display_name),
    };
    mentions.iter().map(mention).chain(tags.iter().map(hashtag)).collect()
}

fn own_attachment(origin: &Origin, file: &PostAttachment) -> Option<OwnAttachment> {
    // An image's preview is a smaller version of it, not a cover.
    let cover = file.preview.as_deref().filter(|_| !file.media_type.starts_with("image/"));
    let cover = cover.and_then(|name| MediaFileName::parse(name).ok());
    let (x, y) = file.focus.as_deref().and_then(|f| f.split_once(',')).unwrap_or_default();
    Some(OwnAttachment {
        url: media_url(origin, file.file.as_deref()?),
        media_type: file.media_type.clone(),
        alt: Some(file.alt.clone()).filter(|alt| !alt.is_empty()),
        width: file.width,
        height: file.height,
        blurhash: file.blurhash.clone(),
        focal: x.parse().ok().zip(y.parse().ok()),
        seconds: file.seconds,
        cover: cover.map(|name| (media_url(origin, name.as_str()), name.media_type().to_owned())),
    })
}

fn envelope(actor: &Actor, uri: &str, recipients: Recipients, at: Time) -> ActivityEnvelope {
    ActivityEnvelope { id: uri.to_owned(), actor: actor.uri.clone(), recipients, published: at }
}

fn only_to(person: &Actor) -> Recipients {
    Recipients { to: vec![person.uri.clone()], cc: Vec::new() }
}

/// The Create of one of the owner's posts.
pub fn create(owner: &Actor, uri: &str, object: Value, lists: Recipients, at: Time) -> Value {
    activity::create(&envelope(owner, uri, lists, at), object)
}

/// The Update of a post or of the owner's actor.
pub fn update(owner: &Actor, uri: &str, object: Value, lists: Recipients, at: Time) -> Value {
    activity::update(&envelope(owner, uri, lists, at), object)
}

/// The Delete of a post.
pub fn delete(owner: &Actor, uri: &str, post: &Post, lists: Recipients, at: Time) -> Value {
    activity::delete(&envelope(owner, uri, lists, at), &post.uri)
}

/// A Follow.
pub fn follow(follower: &Actor, uri: &str, followed: &Actor, at: Time) -> Value {
    activity::follow(&envelope(follower, uri, only_to(followed), at), &followed.uri)
}

/// The Accept of a received Follow.
pub fn accept(owner: &Actor, uri: &str, follower: &Actor, received: &Value, at: Time) -> Value {
    activity::accept(&envelope(owner, uri, only_to(follower), at), received)
}

/// The Reject of a received Follow.
pub fn reject(owner: &Actor, uri: &str, follower: &Actor, received: &Value, at: Time) -> Value {
    activity::reject(&envelope(owner, uri, only_to(follower), at), received)
}

/// A Like of a post.
pub fn like(owner: &Actor, uri: &str, post: &Post, author: &Actor, at: Time) -> Value {
    activity::like(&envelope(owner, uri, only_to(author), at), &post.uri)
}

/// The Create of a vote for one option of a remote poll, addressed to the poll's author only. The vote's id is the
/// Create's id with a fragment, so that it resolves to the Create.
pub fn vote(owner: &Actor, uri: &str, question: &Post, author: &Actor, option: &str, at: Time) -> Value {
    let vote = write_object::vote(&OwnVoteDocument {
        id: format!("{uri}#vote"),
        author: owner.uri.clone(),
        question: question.uri.clone(),
        to: author.uri.clone(),
        choice: option.to_owned(),
        published: at,
    });
    activity::create(&envelope(owner, uri, only_to(author), at), vote)
}

/// An emoji reaction to a post, which is given by its id and author.
pub fn react(owner: &Actor, uri: &str, to_what: (&str, &Actor), emoji: &str, tag: Option<&OwnTag>, at: Time) -> Value {
    activity::react(&envelope(owner, uri, only_to(to_what.1), at), to_what.0, emoji, tag)
}

/// An Add to one of the owner's collections, addressed to the public.
pub fn add(owner: &Actor, uri: &str, object: Value, collection: &str, at: Time) -> Value {
    let lists = recipients(owner, Audience::Public, &[]);
    activity::add(&envelope(owner, uri, lists, at), object, collection)
}

/// A Remove from one of the owner's collections, addressed to the public.
pub fn remove(owner: &Actor, uri: &str, object: Value, collection: &str, at: Time) -> Value {
    let lists = recipients(owner, Audience::Public, &[]);
    activity::remove(&envelope(owner, uri, lists, at), object, collection)
}

/// The Announce of a post, which is given with its author.
pub fn announce(owner: &Actor, uri: &str, of: (&Post, &Actor), audience: Audience, at: Time) -> Value {
    let (post, author) = of;
    let followers = owner.followers.as_deref().unwrap_or_default();
    let people = [author.uri.clone()];
    let lists = addressing::write(audience, followers, &people);
    activity::announce(&envelope(owner, uri, lists, at), &post.uri)
}

/// A Block.
pub fn block(owner: &Actor, uri: &str, blocked: &Actor, at: Time) -> Value {
    activity::block(&envelope(owner, uri, only_to(blocked), at), &blocked.uri)
}

/// A Flag about an actor and some of their posts, sent by the instance actor.
pub fn flag(service: &Actor, uri: &str, target: &Actor, posts: &[String], comment: &str, at: Time) -> Value {
    activity::flag(&envelope(service, uri, only_to(target), at), &target.uri, posts, comment)
}

/// The Undo of one of our activities, with the same recipients.
pub fn undo(owner: &Actor, uri: &str, inner: &Value, at: Time) -> Value {
    let lists = Recipients::of(inner).unwrap_or_default();
    activity::undo(&envelope(owner, uri, lists, at), inner.clone())
}

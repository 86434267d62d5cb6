//! Editing a status, and its history.

use crate::base::id::{MediaId, PostId};
use crate::base::interaction_policy::{Interaction, PolicyChoice, PolicyChoices};
use crate::base::{Result, Time};
use crate::federation::Node;
use crate::federation::media;
use crate::federation::owner::publish::{self, PostChange};
use crate::social::poll::{MIN_POLL_DURATION, PollRevision};
use crate::store::posts::attachments::{self, AttachmentChange, PostAttachment};
use crate::store::posts::post_edits::PostEdit;
use crate::store::posts::post_views::PostView;
use crate::store::{Read, moderation::block_filter, posts::post_edits};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::compose::media::{description, point};
use crate::web::api::compose::{self, refused};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::edit;
use crate::web::api::error::ApiError;
use crate::web::api::params::text_of;
use crate::web::api::post::statuses::{now, own, visible_post};

/// `GET /api/v1/statuses/{id}/history`: at least the current version.
pub fn history(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let card = visible_post(r, &view, id)?;
        let mut before = post_edits::list(r, card.post.id)?;
        hide_rejected_media(r, &view, &card, &mut before)?;
        Ok(edit::history(&view, &card, &before))
    })?;
    Ok(ApiResponse::json(&shown))
}

/// Leaves out files of earlier versions that must not be shown: of servers whose media is rejected, and files the owner
/// removed (kept for a day to be restored).
fn hide_rejected_media(r: &Read<'_>, view: &ApiViewer<'_>, card: &PostView, before: &mut [PostEdit]) -> Result<()> {
    let plain = block_filter::filter_for(r, std::iter::once(&*card.author))?.media_rejected.contains(&card.author.id);
    let own: Vec<MediaId> =
        before.iter().flat_map(|one| &one.media).filter(|f| f.file.is_some()).map(|f| f.id).collect();
    let own = attachments::by_ids(r, &own)?;
    let is_there = |file: &PostAttachment| file.post_id == Some(card.post.id) || view.as_owner;
    for edition in before {
        edition.media.retain(|file| {
            !plain && (file.file.is_none() || own.iter().any(|known| known.id == file.id && is_there(known)))
        });
    }
    Ok(())
}

/// `PUT /api/v1/statuses/{id}`. As in Mastodon, absent files, poll and warning are removed; an absent text stays.
pub fn update(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let mut edit = node.store.read(|r| {
        let card = own(r, &ApiViewer::load(node, r, call)?, id)?;
        Ok(read(r, call, &card))
    })??;
    for (file, bytes) in covers(call, &edit.media) {
        let cover = media::store_cover(node, bytes)?;
        edit.changed_alt_texts.iter_mut().filter(|one| one.id == file).for_each(|one| one.cover = Some(cover.clone()));
    }
    publish::edit(node, id, edit)?;
    now(node, call, id)
}

fn read(r: &Read<'_>, call: &ApiRequest, card: &PostView) -> Result<PostChange, ApiError> {
    let params = &call.params;
    let (text, warning) = match params.has("status") {
        true => compose::status_text(call),
        false => (card.post.source.clone().unwrap_or_default(), params.given("spoiler_text")),
    };
    let media = compose::media_ids(call)?;
    let new: Vec<MediaId> =
        media.iter().filter(|id| !card.attachments.iter().any(|file| file.id == **id)).copied().collect();
    if !attachments::are_unattached(r, &new, None)? {
        return Err(refused("Media not found or already attached to another post"));
    }
    if text.trim().is_empty() && media.is_empty() && card.quote.is_none() {
        return Err(refused("Text can't be blank"));
    }
    if card.post.title.is_none() {
        compose::fits(&text, warning.as_deref())?;
    }
    let files = attachments::by_ids(r, &media)?;
    Ok(PostChange {
        text,
        warning,
        changed_alt_texts: described(call, &files)?,
        media,
        language: compose::language(call),
        sensitive: params.flag("sensitive").unwrap_or(false),
        markdown: compose::markdown(call),
        poll: revised_poll(r.now, call, card)?,
        policy_choices: compose::choices(call, choices(card))?,
        ..PostChange::default()
    })
}

/// The policy of a post; the default is everyone.
pub fn choices(card: &PostView) -> PolicyChoices {
    let of = |interaction| PolicyChoice::of(card.permission.policy.get(interaction)).unwrap_or_default();
    PolicyChoices {
        reply: of(Interaction::Reply),
        quote: of(Interaction::Quote),
        like: of(Interaction::Like),
        boost: of(Interaction::Boost),
    }
}

fn revised_poll(now: Time, call: &ApiRequest, card: &PostView) -> Result<PollRevision, ApiError> {
    let Some(known) = &card.poll else {
        return Ok(compose::poll(call)?.map_or(PollRevision::Unchanged, PollRevision::Replaced));
    };
    let options = call.params.list("poll/options");
    if options.is_empty() {
        return Ok(PollRevision::Removed);
    }
    let said = compose::length(call)?;
    let left = known.end_at.map_or(MIN_POLL_DURATION, |end| end.since(now).max(MIN_POLL_DURATION));
    let new = compose::of_options(call, options, said.unwrap_or(left));
    let same = new.multiple == known.multiple && known.options.iter().map(|option| &option.text).eq(&new.options);
    Ok(if same && said.is_none() { PollRevision::Unchanged } else { PollRevision::Replaced(new) })
}

/// Changed descriptions of files; absent ones stay.
fn described(call: &ApiRequest, files: &[PostAttachment]) -> Result<Vec<AttachmentChange>, ApiError> {
    let mut all = Vec::new();
    for said in call.params.items("media_attributes") {
        let text = |name: &str| said.get(name).and_then(text_of);
        let id: Option<MediaId> = text("id").and_then(|id| id.parse().ok());
        let Some(file) = files.iter().find(|file| Some(file.id) == id) else { continue };
        let alt = text("description").map(|alt| description(&alt)).transpose()?;
        let focus = text("focus").filter(|said| !said.trim().is_empty());
        let focus = focus.map(|said| point(&said)).transpose()?.map(media::focus_text);
        all.push(AttachmentChange {
            id: file.id,
            alt: alt.unwrap_or_else(|| file.alt.clone()),
            focus: focus.or_else(|| file.focus.clone()),
            cover: None,
        });
    }
    Ok(all)
}

/// New covers of audio and video, sent as files of the request.
fn covers<'c>(call: &'c ApiRequest, media: &[MediaId]) -> Vec<(MediaId, &'c [u8])> {
    let said = call.params.items("media_attributes");
    let alone = said.len() == 1;
    let each = said.iter().enumerate().filter_map(|(n, said)| {
        let id: MediaId = said.get("id").and_then(text_of)?.parse().ok()?;
        let indexed = call.params.file(&format!("media_attributes[{n}][thumbnail]"));
        // Without an index it is unclear which file it belongs to.
        let bytes = indexed.or_else(|| call.params.file("media_attributes[][thumbnail]").filter(|_| alone))?;
        media.contains(&id).then_some((id, bytes))
    });
    each.collect()
}

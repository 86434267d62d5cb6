//! The `@context` of our documents. Every term is defined inline: hosted contexts become unreachable, and Fedify and
//! others do process them.

use serde_json::{Value, json};

/// The ActivityStreams context; peers look for this string.
pub const AS: &str = "https://www.w3.org/ns/activitystreams";
/// The context that defines `publicKey` and its members.
pub const SECURITY: &str = "https://w3id.org/security/v1";

/// For activities that use nothing beyond ActivityStreams.
pub fn plain_context() -> Value {
    json!(AS)
}

/// For everything else: posts, actors, reactions, quotes.
pub fn full_context() -> Value {
    let mut terms = shared_terms();
    for more in [actor_terms(), post_terms(), policy_terms()] {
        if let (Value::Object(terms), Value::Object(more)) = (&mut terms, more) {
            terms.extend(more);
        }
    }
    json!([AS, SECURITY, terms])
}

fn shared_terms() -> Value {
    json!({
        "mastodon": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "ostatus": "http://ostatus.org#",
        "litepub": "http://litepub.social/ns#",
        "gts": "https://gotosocial.org/ns#",
        "misskey": "https://misskey-hub.net/ns#",
        "fedibird": "http://fedibird.com/ns#",
        "fep044f": "https://w3id.org/fep/044f#",
        "Emoji": "mastodon:Emoji",
        "Hashtag": "as:Hashtag",
        "EmojiReact": "litepub:EmojiReact",
    })
}

fn actor_terms() -> Value {
    json!({
        "featured": {"@id": "mastodon:featured", "@type": "@id"},
        "featuredTags": {"@id": "mastodon:featuredTags", "@type": "@id"},
        "discoverable": "mastodon:discoverable",
        "indexable": "mastodon:indexable",
        "attributionDomains": {"@id": "mastodon:attributionDomains", "@container": "@set"},
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "webfinger": {
            "@id": "https://purl.archive.org/socialweb/webfinger#webfinger",
            "@type": "http://www.w3.org/2001/XMLSchema#string",
        },
        "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id"},
        "Multikey": "https://w3id.org/security#Multikey",
        "assertionMethod": {"@id": "https://w3id.org/security#assertionMethod", "@type": "@id"},
        "controller": {"@id": "https://w3id.org/security#controller", "@type": "@id"},
        "publicKeyMultibase": "https://w3id.org/security#publicKeyMultibase",
    })
}

fn post_terms() -> Value {
    json!({
        "sensitive": "as:sensitive",
        "blurhash": "mastodon:blurhash",
        "focalPoint": {"@id": "mastodon:focalPoint", "@container": "@list"},
        "votersCount": "mastodon:votersCount",
        "conversation": "ostatus:conversation",
        "quote": {"@id": "fep044f:quote", "@type": "@id"},
        "quoteAuthorization": {"@id": "fep044f:quoteAuthorization", "@type": "@id"},
        "QuoteRequest": "fep044f:QuoteRequest",
        "QuoteAuthorization": "fep044f:QuoteAuthorization",
        "replyAuthorization": {"@id": "gts:replyAuthorization", "@type": "@id"},
        "likeAuthorization": {"@id": "gts:likeAuthorization", "@type": "@id"},
        "announceAuthorization": {"@id": "gts:announceAuthorization", "@type": "@id"},
        "quoteUri": "fedibird:quoteUri",
        "quoteUrl": "as:quoteUrl",
        "_misskey_quote": "misskey:_misskey_quote",
        "_misskey_reaction": "misskey:_misskey_reaction",
    })
}

fn policy_terms() -> Value {
    json!({
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "canReply": {"@id": "gts:canReply", "@type": "@id"},
        "canLike": {"@id": "gts:canLike", "@type": "@id"},
        "canAnnounce": {"@id": "gts:canAnnounce", "@type": "@id"},
        "ReplyRequest": "gts:ReplyRequest",
        "LikeRequest": "gts:LikeRequest",
        "AnnounceRequest": "gts:AnnounceRequest",
        "ReplyAuthorization": "gts:ReplyAuthorization",
        "LikeAuthorization": "gts:LikeAuthorization",
        "AnnounceAuthorization": "gts:AnnounceAuthorization",
        "canFeature": {"@id": "https://w3id.org/fep/7aa9#canFeature", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        "approvedBy": {"@id": "gts:approvedBy", "@type": "@id"},
    })
}

/// Removes the `@context` of a document that will be embedded; the outer document takes it over.
pub fn lift_terms(inner: &mut Value) -> Value {
    inner.as_object_mut().and_then(|members| members.remove("@context")).unwrap_or_else(plain_context)
}

//! Interaction controls (GoToSocial) and consent to quotes (FEP-044f) as documents: a post's policy, the requests, the
//! stamps (authorizations).

use serde_json::{Map, Value, json};

use super::addressing::{self, ApprovalLists, PUBLIC};
use super::context;
use super::document_builder::DocumentBuilder;
use super::json::{self, Uri};
use crate::base::interaction_policy::{ActorSet, Interaction, InteractionPolicy, PolicyRule};
use crate::base::{Error, Result};

/// The member of `interactionPolicy` that rules an interaction.
pub fn rule_name(interaction: Interaction) -> &'static str {
    match interaction {
        Interaction::Reply => "canReply",
        Interaction::Like => "canLike",
        Interaction::Boost => "canAnnounce",
        Interaction::Quote => "canQuote",
    }
}

/// The type of the request activity.
pub fn request_type(interaction: Interaction) -> &'static str {
    match interaction {
        Interaction::Reply => "ReplyRequest",
        Interaction::Like => "LikeRequest",
        Interaction::Boost => "AnnounceRequest",
        Interaction::Quote => "QuoteRequest",
    }
}

/// The interaction that an activity of this type requests.
pub fn request_kind(kind: &str) -> Option<Interaction> {
    Interaction::ALL.into_iter().find(|interaction| request_type(*interaction) == kind)
}

/// The type of a stamp.
pub fn authorization_type(interaction: Interaction) -> &'static str {
    match interaction {
        Interaction::Reply => "ReplyAuthorization",
        Interaction::Like => "LikeAuthorization",
        Interaction::Boost => "AnnounceAuthorization",
        Interaction::Quote => "QuoteAuthorization",
    }
}

/// The member of a post, Like or Announce that holds its stamp.
pub fn authorization_member(interaction: Interaction) -> &'static str {
    match interaction {
        Interaction::Reply => "replyAuthorization",
        Interaction::Like => "likeAuthorization",
        Interaction::Boost => "announceAuthorization",
        Interaction::Quote => "quoteAuthorization",
    }
}

/// The policy of a post as its document states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedPolicy {
    rules: Vec<(Interaction, ApprovalLists)>,
    elder: bool,
}

/// Reads the `interactionPolicy` of a post.
pub fn read(doc: &Value) -> ReceivedPolicy {
    let rule =
        |interaction: Interaction| addressing::policy(doc, rule_name(interaction)).map(|policy| (interaction, policy));
    let rules: Vec<_> = Interaction::ALL.into_iter().filter_map(rule).collect();
    // Before 0.20 GoToSocial wrote `always` alone, and knows no requests.
    let newer = |interaction: &Interaction| {
        let rule = doc.get("interactionPolicy").and_then(|policy| policy.get(rule_name(*interaction)));
        rule.is_some_and(|rule| rule.get("automaticApproval").is_some() || rule.get("manualApproval").is_some())
    };
    let elder = !rules.is_empty() && !rules.iter().any(|(interaction, _)| newer(interaction));
    ReceivedPolicy { rules, elder }
}

impl ReceivedPolicy {
    /// The rule for an interaction as written.
    pub fn get(&self, interaction: Interaction) -> Option<&ApprovalLists> {
        self.rules.iter().find(|(ruled, _)| *ruled == interaction).map(|(_, policy)| policy)
    }

    /// The policy as it applies to `us`; `followers` and `following` are the author's collections.
    pub fn rules(&self, us: &str, followers: Option<&str>, following: Option<&str>) -> InteractionPolicy {
        let who = |list: &[String]| {
            list.iter().fold(ActorSet::NOBODY, |all, uri| match uri.as_str() {
                PUBLIC => all.and(ActorSet::EVERYONE),
                uri if uri == us => all.and(ActorSet::US),
                uri if Some(uri) == followers => all.and(ActorSet::FOLLOWERS),
                uri if Some(uri) == following => all.and(ActorSet::FOLLOWING),
                _ => all,
            })
        };
        let start = if self.elder {
            InteractionPolicy::default().in_legacy_gotosocial_format()
        } else {
            InteractionPolicy::default()
        };
        self.rules.iter().fold(start, |rules, (interaction, policy)| {
            rules.with(*interaction, PolicyRule { automatic: who(&policy.automatic), manual: who(&policy.manual) })
        })
    }
}

/// The author of a post, for [`policy`].
#[derive(Debug, Clone, Default)]
pub struct PolicyAuthor<'a> {
    /// Their actor id.
    pub id: &'a str,
    /// Their followers collection.
    pub followers: &'a str,
    /// The following collection.
    pub following: &'a str,
}

/// The `interactionPolicy` of a post of ours. `named` may always reply. Nobody is written as the author: an empty list
/// would be no rule at all in JSON-LD.
pub fn policy(rules: &InteractionPolicy, author: &PolicyAuthor<'_>, named: &[String]) -> Value {
    let mut members = Map::new();
    for interaction in Interaction::ALL {
        let Some(rule) = rules.get(interaction) else { continue };
        let mut automatic = list(rule.automatic, author);
        if !rule.automatic.has(ActorSet::EVERYONE) {
            automatic.insert(0, author.id.to_owned());
            if interaction == Interaction::Reply {
                automatic.extend(named.iter().filter(|uri| *uri != author.id).cloned());
            }
        }
        let mut member = json!({ "automaticApproval": automatic });
        let manual = list(rule.manual, author);
        if let (false, Value::Object(member)) = (manual.is_empty(), &mut member) {
            member.insert("manualApproval".to_owned(), json!(manual));
        }
        members.insert(rule_name(interaction).to_owned(), member);
    }
    Value::Object(members)
}

fn list(who: ActorSet, author: &PolicyAuthor<'_>) -> Vec<String> {
    let all = [
        (ActorSet::EVERYONE, PUBLIC),
        (ActorSet::FOLLOWERS, author.followers),
        (ActorSet::FOLLOWING, author.following),
    ];
    all.into_iter().filter(|(one, uri)| who.has(*one) && !uri.is_empty()).map(|(_, uri)| uri.to_owned()).collect()
}

/// A stamp: the author's authorization of an interaction with a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Its id.
    pub id: Uri,
    /// The interaction.
    pub interaction: Interaction,
    /// The author of `target`.
    pub author: Uri,
    /// The post, Like or Announce it is for.
    pub object: Uri,
    /// The author's post.
    pub target: Uri,
}

impl Authorization {
    /// Reads a stamp; Invalid when a member is missing or its type is unknown.
    pub fn read(doc: &Value) -> Result<Self> {
        let interaction =
            Interaction::ALL.into_iter().find(|interaction| json::is_type(doc, authorization_type(*interaction)));
        let interaction = interaction.ok_or_else(|| Error::invalid("that is no stamp"))?;
        let member =
            |key: &str| json::id_of(doc, key).ok_or_else(|| Error::invalid(format!("the stamp has no usable {key}")));
        Ok(Self {
            id: json::id(doc).ok_or_else(|| Error::invalid("the stamp has no usable id"))?,
            interaction,
            author: member("attributedTo")?,
            object: member("interactingObject")?,
            target: member("interactionTarget")?,
        })
    }
}

/// A stamp of ours: only ids, so that nothing private is shown.
pub fn authorization(id: &str, interaction: Interaction, owner: &str, object: &str, target: &str) -> Value {
    DocumentBuilder::of(authorization_type(interaction), context::full_context())
        .put("id", id)
        .put("attributedTo", owner)
        .put("interactingObject", object)
        .put("interactionTarget", target)
        .build()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::base::Audience;
    use crate::base::interaction_policy::{PolicyChoice, PolicyChoices};

    const ANN: &str = "https://a.example/ann";
    const FOLLOWERS: &str = "https://a.example/ann/followers";
    const FOLLOWING: &str = "https://a.example/ann/following";

    #[test]
    fn what_is_written_is_read_back() {
        let author = PolicyAuthor { id: ANN, followers: FOLLOWERS, following: FOLLOWING };
        for choice in PolicyChoice::ALL {
            let rules =
                PolicyChoices { reply: choice, quote: choice, like: choice, boost: choice }.rules(Audience::Quiet);
            let doc = json!({"interactionPolicy": policy(&rules, &author, &[])});
            let found = read(&doc);
            assert_eq!(found.rules("https://b.example/us", Some(FOLLOWERS), Some(FOLLOWING)), rules, "{doc}");
            assert!(read(&doc).get(Interaction::Quote).is_some());
        }
        let nobody =
            PolicyChoices { reply: PolicyChoice::Nobody, quote: PolicyChoice::Nobody, ..PolicyChoices::default() }
                .rules(Audience::Followers);
        assert_eq!(
            policy(&nobody, &author, &["https://b.example/bob".to_owned()]),
            json!({"canReply": {"automaticApproval": [ANN, "https://b.example/bob"]},
                "canLike": {"automaticApproval": [PUBLIC]},
                "canAnnounce": {"automaticApproval": [ANN]}, "canQuote": {"automaticApproval": [ANN]}})
        );
    }

    #[test]
    fn older_words_are_understood_and_told_apart() {
        let old =
            json!({"interactionPolicy": {"canReply": {"always": [FOLLOWERS], "approvalRequired": ["as:Public"]}}});
        let rules = read(&old).rules("https://b.example/us", Some(FOLLOWERS), None);
        assert!(rules.legacy_gotosocial);
        assert_eq!(
            rules.get(Interaction::Reply),
            Some(PolicyRule { automatic: ActorSet::FOLLOWERS, manual: ActorSet::EVERYONE })
        );
        assert_eq!(rules.get(Interaction::Like), None);
        let strangers =
            json!({"interactionPolicy": {"canReply": {"automaticApproval": ["https://c.example/eve/followers"]}}});
        let rules = read(&strangers).rules("https://b.example/us", Some(FOLLOWERS), None);
        assert_eq!(
            (rules.legacy_gotosocial, rules.get(Interaction::Reply)),
            (false, Some(PolicyRule::CLOSED)),
            "other collections grant nothing"
        );
    }

    #[test]
    fn stamps_need_all_their_members() {
        let doc = authorization(
            "https://a.example/s/1",
            Interaction::Quote,
            ANN,
            "https://b.example/2",
            "https://a.example/1",
        );
        let read = Authorization::read(&doc).unwrap();
        assert_eq!(
            (read.interaction, read.author.as_str(), read.object.as_str()),
            (Interaction::Quote, ANN, "https://b.example/2")
        );
        for key in ["type", "id", "attributedTo", "interactingObject", "interactionTarget"] {
            let mut broken = doc.clone();
            broken.as_object_mut().unwrap().remove(key);
            assert!(Authorization::read(&broken).is_err(), "{key}");
        }
    }
}

//! Interaction controls (GoToSocial) and consent to quotes (FEP-044f): the rules of a post, the requests to do something
//! with it, and the stamps by which its author agrees. Only reads and writes them; who may do what is decided elsewhere.

use serde_json::{Map, Value, json};

use super::addressing::{self, PUBLIC, Policy};
use super::context;
use super::document_builder::Doc;
use super::json::{self, Uri};
use crate::base::interaction_policy::{Deed, Rule, Rules, Who};
use crate::base::{Error, Result};

/// The member of `interactionPolicy` that rules a deed.
pub fn rule_name(deed: Deed) -> &'static str {
    match deed {
        Deed::Reply => "canReply",
        Deed::Like => "canLike",
        Deed::Boost => "canAnnounce",
        Deed::Quote => "canQuote",
    }
}

/// The type of the activity that asks.
pub fn request_type(deed: Deed) -> &'static str {
    match deed {
        Deed::Reply => "ReplyRequest",
        Deed::Like => "LikeRequest",
        Deed::Boost => "AnnounceRequest",
        Deed::Quote => "QuoteRequest",
    }
}

/// The deed an activity of this type asks for.
pub fn requested(kind: &str) -> Option<Deed> {
    Deed::ALL.into_iter().find(|deed| request_type(*deed) == kind)
}

/// The type of a stamp.
pub fn stamp_type(deed: Deed) -> &'static str {
    match deed {
        Deed::Reply => "ReplyAuthorization",
        Deed::Like => "LikeAuthorization",
        Deed::Boost => "AnnounceAuthorization",
        Deed::Quote => "QuoteAuthorization",
    }
}

/// The member of a post, Like or Announce that holds its stamp.
pub fn stamp_member(deed: Deed) -> &'static str {
    match deed {
        Deed::Reply => "replyAuthorization",
        Deed::Like => "likeAuthorization",
        Deed::Boost => "announceAuthorization",
        Deed::Quote => "quoteAuthorization",
    }
}

/// The rules of a post as its document gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interactions {
    rules: Vec<(Deed, Policy)>,
    elder: bool,
}

/// Reads the `interactionPolicy` of a post.
pub fn read(doc: &Value) -> Interactions {
    let rule = |deed: Deed| addressing::policy(doc, rule_name(deed)).map(|policy| (deed, policy));
    let rules: Vec<_> = Deed::ALL.into_iter().filter_map(rule).collect();
    // Before 0.20 GoToSocial wrote `always` alone, and knows no requests.
    let newer = |deed: &Deed| {
        let rule = doc.get("interactionPolicy").and_then(|policy| policy.get(rule_name(*deed)));
        rule.is_some_and(|rule| rule.get("automaticApproval").is_some() || rule.get("manualApproval").is_some())
    };
    let elder = !rules.is_empty() && !rules.iter().any(|(deed, _)| newer(deed));
    Interactions { rules, elder }
}

impl Interactions {
    /// The rule for a deed, as it was written.
    pub fn get(&self, deed: Deed) -> Option<&Policy> {
        self.rules.iter().find(|(ruled, _)| *ruled == deed).map(|(_, policy)| policy)
    }

    /// The rules as they are for `us`; `followers` and `following` are the author's collections.
    pub fn rules(&self, us: &str, followers: Option<&str>, following: Option<&str>) -> Rules {
        let who = |list: &[String]| {
            list.iter().fold(Who::NOBODY, |all, uri| match uri.as_str() {
                PUBLIC => all.and(Who::EVERYONE),
                uri if uri == us => all.and(Who::US),
                uri if Some(uri) == followers => all.and(Who::FOLLOWERS),
                uri if Some(uri) == following => all.and(Who::FOLLOWING),
                _ => all,
            })
        };
        let start = if self.elder { Rules::default().in_elder_words() } else { Rules::default() };
        self.rules.iter().fold(start, |rules, (deed, policy)| {
            rules.with(*deed, Rule { automatic: who(&policy.automatic), manual: who(&policy.manual) })
        })
    }
}

/// Whose post it is, for [`policy`].
#[derive(Debug, Clone, Default)]
pub struct Author<'a> {
    /// Their actor id.
    pub id: &'a str,
    /// Their followers collection.
    pub followers: &'a str,
    /// The collection of whom they follow.
    pub following: &'a str,
}

/// The `interactionPolicy` of a post of ours. `named` may always answer. Nobody is the author alone: an empty list would
/// be no rule at all in JSON-LD.
pub fn policy(rules: &Rules, author: &Author<'_>, named: &[String]) -> Value {
    let mut members = Map::new();
    for deed in Deed::ALL {
        let Some(rule) = rules.get(deed) else { continue };
        let mut automatic = list(rule.automatic, author);
        if !rule.automatic.has(Who::EVERYONE) {
            automatic.insert(0, author.id.to_owned());
            if deed == Deed::Reply {
                automatic.extend(named.iter().filter(|uri| *uri != author.id).cloned());
            }
        }
        let mut member = json!({ "automaticApproval": automatic });
        let manual = list(rule.manual, author);
        if let (false, Value::Object(member)) = (manual.is_empty(), &mut member) {
            member.insert("manualApproval".to_owned(), json!(manual));
        }
        members.insert(rule_name(deed).to_owned(), member);
    }
    Value::Object(members)
}

fn list(who: Who, author: &Author<'_>) -> Vec<String> {
    let all = [(Who::EVERYONE, PUBLIC), (Who::FOLLOWERS, author.followers), (Who::FOLLOWING, author.following)];
    all.into_iter().filter(|(one, uri)| who.has(*one) && !uri.is_empty()).map(|(_, uri)| uri.to_owned()).collect()
}

/// An author's word that something may be done with a post of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Its id.
    pub id: Uri,
    /// For what.
    pub deed: Deed,
    /// Who gives it: the author of `target`.
    pub author: Uri,
    /// The post, Like or Announce it is for.
    pub object: Uri,
    /// The author's post.
    pub target: Uri,
}

impl Stamp {
    /// Reads a stamp; Invalid when one of its members is missing or it is of no type we know.
    pub fn read(doc: &Value) -> Result<Self> {
        let deed = Deed::ALL.into_iter().find(|deed| json::is_type(doc, stamp_type(*deed)));
        let deed = deed.ok_or_else(|| Error::invalid("that is no stamp"))?;
        let member =
            |key: &str| json::id_of(doc, key).ok_or_else(|| Error::invalid(format!("the stamp has no usable {key}")));
        Ok(Self {
            id: json::id(doc).ok_or_else(|| Error::invalid("the stamp has no usable id"))?,
            deed,
            author: member("attributedTo")?,
            object: member("interactingObject")?,
            target: member("interactionTarget")?,
        })
    }
}

/// A stamp of ours: only ids, so that nothing private is shown.
pub fn stamp(id: &str, deed: Deed, owner: &str, object: &str, target: &str) -> Value {
    Doc::of(stamp_type(deed), context::full())
        .put("id", id)
        .put("attributedTo", owner)
        .put("interactingObject", object)
        .put("interactionTarget", target)
        .done()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::base::Audience;
    use crate::base::interaction_policy::{Choice, Choices};

    const ANN: &str = "https://a.example/ann";
    const FOLLOWERS: &str = "https://a.example/ann/followers";
    const FOLLOWING: &str = "https://a.example/ann/following";

    #[test]
    fn what_is_written_is_read_back() {
        let author = Author { id: ANN, followers: FOLLOWERS, following: FOLLOWING };
        for choice in Choice::ALL {
            let rules = Choices { reply: choice, quote: choice, like: choice, boost: choice }.rules(Audience::Quiet);
            let doc = json!({"interactionPolicy": policy(&rules, &author, &[])});
            let found = read(&doc);
            assert_eq!(found.rules("https://b.example/us", Some(FOLLOWERS), Some(FOLLOWING)), rules, "{doc}");
            assert!(read(&doc).get(Deed::Quote).is_some());
        }
        let nobody =
            Choices { reply: Choice::Nobody, quote: Choice::Nobody, ..Choices::default() }.rules(Audience::Followers);
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
        assert!(rules.elder);
        assert_eq!(rules.get(Deed::Reply), Some(Rule { automatic: Who::FOLLOWERS, manual: Who::EVERYONE }));
        assert_eq!(rules.get(Deed::Like), None);
        let strangers =
            json!({"interactionPolicy": {"canReply": {"automaticApproval": ["https://c.example/eve/followers"]}}});
        let rules = read(&strangers).rules("https://b.example/us", Some(FOLLOWERS), None);
        assert_eq!(
            (rules.elder, rules.get(Deed::Reply)),
            (false, Some(Rule::CLOSED)),
            "other collections grant nothing"
        );
    }

    #[test]
    fn stamps_need_all_their_members() {
        let doc = stamp("https://a.example/s/1", Deed::Quote, ANN, "https://b.example/2", "https://a.example/1");
        let read = Stamp::read(&doc).unwrap();
        assert_eq!((read.deed, read.author.as_str(), read.object.as_str()), (Deed::Quote, ANN, "https://b.example/2"));
        for key in ["type", "id", "attributedTo", "interactingObject", "interactionTarget"] {
            let mut broken = doc.clone();
            broken.as_object_mut().unwrap().remove(key);
            assert!(Stamp::read(&broken).is_err(), "{key}");
        }
    }
}

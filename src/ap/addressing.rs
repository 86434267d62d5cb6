//! `to` and `cc` in both directions. When the addressing is ambiguous the narrower audience wins: a post can be widened
//! later but never taken back.

use serde_json::Value;

use super::json::{FromJson, Many, Ref};
use super::limits;
use crate::base::Audience;

/// The collection of everybody. Written only in this form (Lemmy drops the short ones).
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// The two lists of a document or activity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipients {
    /// Primary addressees.
    pub to: Vec<String>,
    /// The others.
    pub cc: Vec<String>,
}

struct Address(String);

impl FromJson for Address {
    fn from_json(value: &Value) -> Option<Self> {
        if matches!(value.as_str(), Some("as:Public" | "Public")) {
            return Some(Self(PUBLIC.to_owned()));
        }
        Ref::from_json(value)?.id().map(|id| Self(id.as_str().to_owned()))
    }
}

impl Recipients {
    /// Reads `to` and `cc` (never `bto`, `bcc` or `audience`); None when the document has neither member.
    pub fn of(doc: &Value) -> Option<Self> {
        let given = |key: &str| doc.get(key).is_some_and(|v| !v.is_null());
        (given("to") || given("cc")).then(|| Self { to: list(doc, "to"), cc: list(doc, "cc") })
    }

    /// Every addressee that may be an actor: all but Public, each once.
    pub fn everyone(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for one in self.to.iter().chain(&self.cc).map(String::as_str) {
            if one != PUBLIC && !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }
}

/// One list of addressees as URLs, with the short spellings of Public written out.
pub fn list(doc: &Value, key: &str) -> Vec<String> {
    Many::<Address>::read(doc, key, limits::ADDRESSEES).0.into_iter().map(|a| a.0).collect()
}

/// The audience of a post whose author's followers collection is `followers`; any other collection grants nothing.
pub fn read(to: &[String], cc: &[String], followers: Option<&str>) -> Audience {
    let holds = |list: &[String], uri: &str| list.iter().any(|a| a == uri);
    if holds(to, PUBLIC) {
        Audience::Public
    } else if holds(cc, PUBLIC) {
        Audience::Quiet
    } else if followers.is_some_and(|f| holds(to, f) || holds(cc, f)) {
        Audience::Followers
    } else {
        Audience::Mentioned
    }
}

/// The lists for a post of ours: the same go on the activity and on the object. `mentioned` are actor ids.
pub fn write(audience: Audience, followers: &str, mentioned: &[String]) -> Recipients {
    let (to, cc) = match audience {
        Audience::Public => (vec![PUBLIC], vec![followers]),
        Audience::Quiet => (vec![followers], vec![PUBLIC]),
        Audience::Followers => (vec![followers], vec![]),
        Audience::Mentioned => (vec![], vec![]),
    };
    let mut lists = Recipients { to: owned(&to), cc: owned(&cc) };
    for actor in mentioned {
        let list = if audience == Audience::Mentioned { &mut lists.to } else { &mut lists.cc };
        if !list.contains(actor) {
            list.push(actor.clone());
        }
    }
    lists
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}

/// Actors who may interact without approval, and with it (GoToSocial, FEP-044f).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalLists {
    /// Actors and collections that may at once.
    pub automatic: Vec<String>,
    /// Actors who need approval.
    pub manual: Vec<String>,
}

/// Reads one rule (`canQuote`, `canReply`, `canLike`, `canAnnounce`, `canFeature`) of a document's
/// `interactionPolicy`; None when it has none, or an empty one, which JSON-LD cannot tell apart.
pub fn policy(doc: &Value, rule: &str) -> Option<ApprovalLists> {
    let rule = doc.get("interactionPolicy")?.get(rule)?;
    // `always` and `withApproval` are the members of GoToSocial before 0.20.
    let either = |new: &str, old: &str| {
        let list = list(rule, new);
        if list.is_empty() { self::list(rule, old) } else { list }
    };
    let policy = ApprovalLists {
        automatic: either("automaticApproval", "always"),
        manual: either("manualApproval", "approvalRequired"),
    };
    (policy != ApprovalLists::default()).then_some(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLLOWERS: &str = "https://a.example/users/ann/followers";

    #[test]
    fn every_audience_written_is_read_back() {
        let bob = vec!["https://b.example/bob".to_owned()];
        for audience in Audience::ALL {
            let lists = write(audience, FOLLOWERS, &bob);
            assert_eq!(read(&lists.to, &lists.cc, Some(FOLLOWERS)), audience);
            assert!(lists.everyone().contains(&"https://b.example/bob"), "the mentioned are always addressed");
        }
        let twice = write(Audience::Mentioned, FOLLOWERS, &[bob.clone(), bob].concat());
        assert_eq!(twice.to, ["https://b.example/bob"]);
    }

    #[test]
    fn odd_addresses_never_widen() {
        let cases = [
            (serde_json::json!({"to": "as:Public"}), Audience::Public),
            (serde_json::json!({"to": ["Public"]}), Audience::Public),
            (serde_json::json!({"to": {"id": PUBLIC}}), Audience::Public),
            (serde_json::json!({"cc": PUBLIC, "to": FOLLOWERS}), Audience::Quiet),
            (serde_json::json!({"cc": [FOLLOWERS]}), Audience::Followers),
            (serde_json::json!({"bto": [PUBLIC], "bcc": PUBLIC, "audience": PUBLIC}), Audience::Mentioned),
            (serde_json::json!({"to": ["https://a.example/users/eve/followers"]}), Audience::Mentioned),
            (serde_json::json!({"to": ["public", "https://www.w3.org/ns/activitystreams"]}), Audience::Mentioned),
            (serde_json::json!({"to": [null, 7, ["as:Public"], {}]}), Audience::Mentioned),
            (serde_json::json!({}), Audience::Mentioned),
        ];
        for (doc, wanted) in cases {
            let lists = Recipients::of(&doc).unwrap_or_default();
            assert_eq!(read(&lists.to, &lists.cc, Some(FOLLOWERS)), wanted, "{doc}");
        }
        let to = vec![FOLLOWERS.to_owned()];
        assert_eq!(read(&to, &[], None), Audience::Mentioned, "an author without followers collection");
    }

    #[test]
    fn policies_old_and_new() {
        let doc = serde_json::json!({"interactionPolicy": {
            "canQuote": {"automaticApproval": "as:Public"},
            "canReply": {"always": [FOLLOWERS], "approvalRequired": [PUBLIC]},
            "canLike": {"automaticApproval": []}}});
        assert_eq!(policy(&doc, "canQuote").map(|p| p.automatic), Some(vec![PUBLIC.to_owned()]));
        assert_eq!(policy(&doc, "canReply").map(|p| p.manual), Some(vec![PUBLIC.to_owned()]));
        assert_eq!(policy(&doc, "canLike"), None);
        assert_eq!(policy(&doc, "canAnnounce"), None);
    }
}

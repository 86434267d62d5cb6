//! Reads other servers' discovery documents: WebFinger (JRD), host-meta and NodeInfo. They prove something about their
//! own domain only.

use serde_json::Value;

use super::json::{self, Many, Uri};
use super::limits;
use crate::base::{Error, Result};

/// A WebFinger response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jrd {
    /// `acct:user@domain` as spelled in the response; must be compared with the request.
    pub subject: String,
    /// The actor it points to: the first `self` link with a media type of ActivityStreams.
    pub actor: Option<Uri>,
    /// Template of the remote-follow page there, with `{uri}`.
    pub subscribe: Option<String>,
}

impl Jrd {
    /// Reads a JRD; Invalid without a subject (Mastodon refuses those, too).
    pub fn read(doc: &Value) -> Result<Self> {
        let subject = json::text(doc, "subject", limits::URI);
        let links = Many::<Value>::read(doc, "links", limits::TAGS).0;
        let rel = |link: &Value, rel: &str| link.get("rel").and_then(Value::as_str) == Some(rel);
        let selves = links.iter().filter(|link| rel(link, "self") && is_activity(link));
        let template = |link: &Value| json::text(link, "template", limits::URI).filter(|t| t.contains("{uri}"));
        Ok(Self {
            subject: subject.ok_or_else(|| Error::invalid("the WebFinger answer has no subject"))?,
            actor: selves.filter_map(|link| link.get("href")?.as_str()).find_map(Uri::parse),
            subscribe: links
                .iter()
                .filter(|link| rel(link, "http://ostatus.org/schema/1.0/subscribe"))
                .filter_map(template)
                .find(|t| t.starts_with("https://") || t.starts_with("http://")),
        })
    }

    /// The user and domain of the subject; None when it is not an `acct:`.
    pub fn handle(&self) -> Option<(&str, &str)> {
        self.subject.strip_prefix("acct:")?.split_once('@').filter(|(user, domain)| {
            let bad = |c: char| c.is_whitespace() || matches!(c, '@' | '/' | '#' | '?');
            !user.is_empty() && !domain.is_empty() && !user.contains(bad) && !domain.contains(bad)
        })
    }
}

fn is_activity(link: &Value) -> bool {
    let kind = link.get("type").and_then(Value::as_str).unwrap_or_default();
    let plain = kind.split(';').next().unwrap_or_default().trim();
    plain == "application/activity+json"
        || (plain == "application/ld+json" && kind.contains("https://www.w3.org/ns/activitystreams"))
}

/// The WebFinger template (with `{uri}`) of a host-meta in XML or JSON. The XML is only searched for Link elements,
/// never parsed: entities and DTDs are attacks.
pub fn lrdd_template(body: &str) -> Option<String> {
    if let Ok(doc) = json::parse(body.as_bytes()) {
        let links = Many::<Value>::read(&doc, "links", limits::TAGS).0;
        let lrdd = links.iter().find(|link| link.get("rel").and_then(Value::as_str) == Some("lrdd"))?;
        return usable(json::text(lrdd, "template", limits::URI)?);
    }
    let tags = body.split('<').take(limits::TAGS).filter(|tag| tag.starts_with("Link") || tag.starts_with("link"));
    tags.filter(|tag| attribute(tag, "rel") == Some("lrdd"))
        .filter_map(|tag| attribute(tag, "template"))
        .find_map(|t| usable(t.replace("&quot;", "\"").replace("&amp;", "&")))
}

fn usable(template: String) -> Option<String> {
    // The part before the parameter must be a sound URL by itself.
    let (start, _) = template.split_once("{uri}")?;
    Uri::parse(start).map(|_| template)
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let tag = tag.split('>').next()?;
    let mut rest = tag;
    loop {
        let (before, after) = rest.split_once(name)?;
        rest = after;
        let value = after.trim_start().strip_prefix('=').map(str::trim_start);
        let quote = value.and_then(|v| v.chars().next()).filter(|q| matches!(q, '"' | '\''));
        if let (Some(value), Some(quote), true) = (value, quote, before.ends_with(char::is_whitespace)) {
            return value.split(quote).nth(1);
        }
    }
}

/// The name and version of a server's software, as its NodeInfo says.
pub fn software(doc: &Value) -> Option<(String, String)> {
    let software = doc.get("software")?;
    let name = json::text(software, "name", limits::WORD)?;
    Some((name, json::text(software, "version", limits::WORD).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    const ANN: &str = "https://a.example/users/ann";

    #[test]
    fn webfinger_in_every_shape() {
        let as2 = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
        for links in [
            json!([{"rel": "self", "type": "application/activity+json", "href": ANN}]),
            json!({"rel": "self", "type": as2, "href": ANN}),
            json!([null, {"rel": "self"}, {"rel": "self", "type": "text/html", "href": "https://a.example/"},
                {"rel": "self", "type": "application/activity+json", "href": "users/ann"},
                {"rel": "self", "type": "application/activity+json; charset=utf-8", "href": ANN}]),
        ] {
            let jrd = Jrd::read(&json!({"subject": "acct:ann@a.example", "links": links})).unwrap();
            assert_eq!(jrd.actor, Uri::parse(ANN), "{links}");
            assert_eq!(jrd.handle(), Some(("ann", "a.example")));
        }
        for nothing in
            [json!([]), json!(null), json!([{"rel": "self", "type": "application/json", "href": ANN}]), json!("x")]
        {
            assert_eq!(Jrd::read(&json!({"subject": "https://a.example/", "links": nothing})).unwrap().actor, None);
        }
        assert!(Jrd::read(&json!({"links": []})).is_err());
        for odd in [
            "https://a.example/@ann",
            "acct:ann",
            "acct:@a.example",
            "acct:a@b@c",
            "acct:ann@a.example/x",
            "acct:a n@a.example",
        ] {
            assert_eq!(Jrd::read(&json!({"subject": odd})).unwrap().handle(), None, "{odd}");
        }
        let subscribe = |t: &str| {
            let links = json!([{"rel": "http://ostatus.org/schema/1.0/subscribe", "template": t}]);
            Jrd::read(&json!({"subject": "acct:ann@a.example", "links": links})).unwrap().subscribe
        };
        assert!(subscribe("https://a.example/follow?u={uri}").is_some());
        assert_eq!((subscribe("javascript:alert({uri})"), subscribe("https://a.example/follow")), (None, None));
    }

    #[test]
    fn host_meta_in_every_shape() {
        let wanted = Some("https://a.example/.well-known/webfinger?resource={uri}".to_owned());
        let ours = crate::ap::discovery::host_meta_xml("https://a.example");
        assert_eq!(lrdd_template(&ours), wanted);
        assert_eq!(lrdd_template(&crate::ap::discovery::host_meta_json("https://a.example").to_string()), wanted);
        let quoted = "<XRD><Link href='x' rel='other' template='no'/><Link template = 'https://a.example/.well-known/webfinger?resource={uri}' rel = 'lrdd' /></XRD>";
        assert_eq!(lrdd_template(quoted), wanted);
        let amp = "<Link rel=\"lrdd\" template=\"https://a.example/w?a=1&amp;r={uri}\"/>";
        assert_eq!(lrdd_template(amp).as_deref(), Some("https://a.example/w?a=1&r={uri}"));
        for bad in [
            "",
            "<Link",
            "<Link rel=\"lrdd\"",
            "<Link rel=\"lrdd\" template=\"/w?{uri}\"/>",
            "<Link rel=lrdd template=x>",
            "{}",
            "<Link rel=\"lrdd\" template=\"https://a.example/w\"/>",
            "<Link datarel=\"lrdd\" template=\"https://a.example/{uri}\"/>",
        ] {
            assert_eq!(lrdd_template(bad), None, "{bad}");
        }
    }

    #[test]
    fn nodeinfo_is_read() {
        let info = json!({"software": {"name": "mastodon", "version": "4.5.0"}});
        assert_eq!(software(&info), Some(("mastodon".into(), "4.5.0".into())));
        assert_eq!(software(&json!({"software": "mastodon"})), None);
    }
}

//! Documents by which peers find this server: WebFinger, host-meta and NodeInfo. Decides nothing about who a name
//! belongs to.

use serde_json::{Value, json};

use super::write_actor::OwnImage;
use crate::base::config::{SOFTWARE, VERSION};

/// The media type of an actor's own document; Mastodon compares it byte for byte.
const ACTIVITY_JSON: &str = "application/activity+json";

/// A WebFinger resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebFingerResource {
    /// `acct:user@host`, `user@host` or `@user@host`; the host in lower case.
    Handle {
        /// The name; compared without regard to case.
        user: String,
        /// The host.
        host: String,
    },
    /// An actor's id, profile page, or the server's own URL.
    Url(String),
}

impl WebFingerResource {
    /// Parses the `resource` parameter after percent-decoding; None when it is neither a handle nor a URL.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Some(Self::Url(text.to_owned()));
        }
        // The scheme of a URI has no case (RFC 3986 §3.1).
        let handle = match text.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("acct") => rest,
            _ => text,
        };
        let (user, host) = handle.strip_prefix('@').unwrap_or(handle).split_once('@')?;
        let usable = !user.is_empty() && !host.is_empty() && !host.contains(['@', '/']);
        usable.then(|| Self::Handle { user: user.to_owned(), host: host.to_ascii_lowercase() })
    }
}

/// The subject of a WebFinger response.
#[derive(Debug, Clone, Default)]
pub struct WebFingerIdentity {
    /// `user@domain`, as the profile writes it.
    pub handle: String,
    /// The actor's id.
    pub actor: String,
    /// The profile page.
    pub page: String,
    /// The avatar.
    pub icon: Option<OwnImage>,
    /// Template of the remote-follow page, with `{uri}`; None for the instance actor.
    pub subscribe: Option<String>,
    /// The page that writes a post, with `{content}` (FEP-3b86).
    pub create: Option<String>,
    /// The page that opens a remote post, with `{object}` (FEP-3b86).
    pub object: Option<String>,
}

/// The WebFinger response (JRD).
pub fn webfinger(who: &WebFingerIdentity) -> Value {
    let mut links = vec![
        json!({"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": who.page}),
        json!({"rel": "self", "type": ACTIVITY_JSON, "href": who.actor}),
    ];
    if let Some(icon) = &who.icon {
        links.push(json!({"rel": "http://webfinger.net/rel/avatar", "type": icon.media_type, "href": icon.url}));
    }
    let templates = [
        ("http://ostatus.org/schema/1.0/subscribe", &who.subscribe),
        ("https://w3id.org/fep/3b86/Create", &who.create),
        ("https://w3id.org/fep/3b86/Object", &who.object),
    ];
    for (rel, template) in templates {
        links.extend(template.as_ref().map(|template| json!({"rel": rel, "template": template})));
    }
    json!({"subject": format!("acct:{}", who.handle), "aliases": [who.page, who.actor], "links": links})
}

/// The WebFinger response about the server itself (FEP-d556): `server` is `https://HOST/`.
pub fn webfinger_of_server(server: &str, instance_actor: &str) -> Value {
    let rel = "https://www.w3.org/ns/activitystreams#Service";
    json!({"subject": server, "links": [{"rel": rel, "type": ACTIVITY_JSON, "href": instance_actor}]})
}

/// host-meta as XML; `base` is `https://HOST`.
pub fn host_meta_xml(base: &str) -> String {
    let template = lrdd(base).replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n  \
         <Link rel=\"lrdd\" type=\"application/jrd+json\" template=\"{template}\"/>\n</XRD>\n"
    )
}

/// host-meta as JSON; `base` is `https://HOST`.
pub fn host_meta_json(base: &str) -> Value {
    json!({"links": [{"rel": "lrdd", "type": "application/jrd+json", "template": lrdd(base)}]})
}

fn lrdd(base: &str) -> String {
    format!("{base}/.well-known/webfinger?resource={{uri}}")
}

/// Where NodeInfo and the instance actor (FEP-2677) are; `base` is `https://HOST`.
pub fn nodeinfo_index(base: &str, instance_actor: &str) -> Value {
    let schema = |version: &str| {
        json!({"rel": format!("http://nodeinfo.diaspora.software/ns/schema/{version}"),
            "href": format!("{base}/nodeinfo/{version}")})
    };
    let application = json!({"rel": "https://www.w3.org/ns/activitystreams#Application", "href": instance_actor});
    json!({"links": [schema("2.1"), schema("2.0"), application]})
}

/// The two versions of NodeInfo in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeInfoVersion {
    /// 2.0
    V2_0,
    /// 2.1, which adds the software's repository.
    V2_1,
}

/// The data of our NodeInfo.
#[derive(Debug, Clone, Default)]
pub struct NodeInfo {
    /// The server's name.
    pub name: String,
    /// One sentence about it.
    pub description: String,
    /// The owner's actor id.
    pub owner: String,
    /// Where the software's source is; empty leaves it out.
    pub repository: String,
    /// Posts written here that are public.
    pub local_posts: u64,
    /// True when the owner was here in the last month.
    pub active: bool,
    /// How to reach a human; empty leaves it out.
    pub contact: String,
    /// The rules, for people.
    pub rules: String,
    /// The privacy policy, for people.
    pub privacy: String,
}

/// The NodeInfo document. Lemmy stops sending to servers that cannot show one.
pub fn nodeinfo(version: NodeInfoVersion, info: &NodeInfo) -> Value {
    let mut software = json!({"name": SOFTWARE, "version": VERSION});
    let word = match version {
        NodeInfoVersion::V2_0 => "2.0",
        NodeInfoVersion::V2_1 => "2.1",
    };
    if let (NodeInfoVersion::V2_1, false, Some(members)) =
        (version, info.repository.is_empty(), software.as_object_mut())
    {
        members.insert("repository".to_owned(), json!(info.repository));
    }
    let active = u8::from(info.active);
    // Member names of Misskey; Threads and others look for such pages before they federate.
    let mut maintainer = json!({"name": info.name});
    if let (false, Some(members)) = (info.contact.is_empty(), maintainer.as_object_mut()) {
        members.insert("email".to_owned(), json!(info.contact));
    }
    json!({
        "version": word,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": false,
        "usage": {"users": {"total": 1, "activeMonth": active, "activeHalfyear": active}, "localPosts": info.local_posts},
        "metadata": {"nodeName": info.name, "nodeDescription": info.description, "staffAccounts": [info.owner],
            "maintainer": maintainer, "tosUrl": info.rules, "privacyPolicyUrl": info.privacy, "federation": {"enabled": true}},
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn webfinger_as_written() {
        let who = WebFingerIdentity {
            handle: "ann@example.org".into(),
            actor: "https://social.example.org/users/ann".into(),
            page: "https://social.example.org/@ann".into(),
            icon: Some(OwnImage {
                url: "https://social.example.org/m/1.png".into(),
                media_type: "image/png".into(),
                alt: String::new(),
            }),
            subscribe: Some("https://social.example.org/authorize_interaction?uri={uri}".into()),
            create: Some("https://social.example.org/share?text={content}".into()),
            object: Some("https://social.example.org/authorize_interaction?uri={object}".into()),
        };
        assert_eq!(
            webfinger(&who),
            json!({"subject": "acct:ann@example.org",
                "aliases": ["https://social.example.org/@ann", "https://social.example.org/users/ann"],
                "links": [
                    {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": "https://social.example.org/@ann"},
                    {"rel": "self", "type": "application/activity+json", "href": "https://social.example.org/users/ann"},
                    {"rel": "http://webfinger.net/rel/avatar", "type": "image/png", "href": "https://social.example.org/m/1.png"},
                    {"rel": "http://ostatus.org/schema/1.0/subscribe", "template": "https://social.example.org/authorize_interaction?uri={uri}"},
                    {"rel": "https://w3id.org/fep/3b86/Create", "template": "https://social.example.org/share?text={content}"},
                    {"rel": "https://w3id.org/fep/3b86/Object", "template": "https://social.example.org/authorize_interaction?uri={object}"}]})
        );
        assert_eq!(
            webfinger_of_server("https://a.example/", "https://a.example/actor"),
            json!({"subject": "https://a.example/", "links": [{"rel": "https://www.w3.org/ns/activitystreams#Service",
                "type": "application/activity+json", "href": "https://a.example/actor"}]})
        );
    }

    #[test]
    fn resources_in_every_shape() {
        let handle = |user: &str| Some(WebFingerResource::Handle { user: user.into(), host: "example.org".into() });
        for text in [
            "acct:ann@example.org",
            "ACCT:ann@Example.org",
            "ann@EXAMPLE.org",
            "@ann@example.org",
            "acct:@ann@example.org",
        ] {
            assert_eq!(WebFingerResource::parse(text), handle("ann"), "{text}");
        }
        assert_eq!(
            WebFingerResource::parse("https://a.example/@ann"),
            Some(WebFingerResource::Url("https://a.example/@ann".into()))
        );
        for text in ["", "acct:", "ann", "acct:ann", "ann@", "@example.org", "a@b@c", "ann@example.org/x", "mailto:ann"]
        {
            assert_eq!(WebFingerResource::parse(text), None, "{text}");
        }
    }

    #[test]
    fn host_meta_and_nodeinfo_as_written() {
        assert_eq!(
            host_meta_xml("https://a.example"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n  \
             <Link rel=\"lrdd\" type=\"application/jrd+json\" template=\"https://a.example/.well-known/webfinger?resource={uri}\"/>\n</XRD>\n"
        );
        assert_eq!(
            host_meta_json("https://a.example"),
            json!({"links": [{"rel": "lrdd", "type": "application/jrd+json",
                "template": "https://a.example/.well-known/webfinger?resource={uri}"}]})
        );
        assert_eq!(
            nodeinfo_index("https://a.example", "https://a.example/actor"),
            json!({"links": [
                {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": "https://a.example/nodeinfo/2.1"},
                {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "https://a.example/nodeinfo/2.0"},
                {"rel": "https://www.w3.org/ns/activitystreams#Application", "href": "https://a.example/actor"}]})
        );
        let info = NodeInfo {
            name: "Ann's cabin".into(),
            description: "Notes from the woods.".into(),
            owner: "https://a.example/users/ann".into(),
            repository: "https://code.example/hytte".into(),
            local_posts: 7,
            active: true,
            contact: "ann@a.example".into(),
            rules: "https://a.example/about#rules".into(),
            privacy: "https://a.example/privacy-policy".into(),
        };
        let mut expected = json!({"version": "2.1",
            "software": {"name": "hytte", "version": VERSION, "repository": "https://code.example/hytte"},
            "protocols": ["activitypub"], "services": {"inbound": [], "outbound": []}, "openRegistrations": false,
            "usage": {"users": {"total": 1, "activeMonth": 1, "activeHalfyear": 1}, "localPosts": 7},
            "metadata": {"nodeName": "Ann's cabin", "nodeDescription": "Notes from the woods.",
                "staffAccounts": ["https://a.example/users/ann"],
                "maintainer": {"name": "Ann's cabin", "email": "ann@a.example"},
                "tosUrl": "https://a.example/about#rules", "privacyPolicyUrl": "https://a.example/privacy-policy",
                "federation": {"enabled": true}}});
        assert_eq!(nodeinfo(NodeInfoVersion::V2_1, &info), expected);
        expected["version"] = json!("2.0");
        expected["software"] = json!({"name": "hytte", "version": VERSION});
        assert_eq!(nodeinfo(NodeInfoVersion::V2_0, &info), expected);
    }
}

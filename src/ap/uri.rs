//! Ids and URLs from other servers. Ids are compared byte for byte. Origins are compared only for URLs on which all
//! URL parsers agree.

use std::fmt;

use url::Url;

use super::limits;

/// An absolute http(s) URL exactly as its author wrote it; compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri(String);

impl Uri {
    /// A URL to fetch or post to: no credentials, no fragment, nothing that URL parsers disagree about.
    pub fn parse(text: &str) -> Option<Self> {
        checked(text).filter(|url| url.fragment().is_none()).map(|_| Self(text.to_owned()))
    }

    /// An id, which may carry a fragment (keys, Mastodon's `…#accepts/follows/1` and its votes).
    pub fn parse_id(text: &str) -> Option<Self> {
        checked(text).map(|_| Self(text.to_owned()))
    }

    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as given, by value.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The host in lower case and punycode, with `:port` when it is not the scheme's default.
    pub fn host(&self) -> String {
        let Some(url) = checked(&self.0) else { return String::new() };
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The URL without its fragment.
    pub fn without_fragment(&self) -> Self {
        Self(self.0.split('#').next().unwrap_or_default().to_owned())
    }

    /// True when it ends in `#…`.
    pub fn has_fragment(&self) -> bool {
        self.0.contains('#')
    }

    /// True when both URLs have the same scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        same_origin(&self.0, &other.0)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Uri {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Uri {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Uri {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// True when both are http(s) URLs with the same scheme, host and port (FEP-fe34).
pub fn same_origin(a: &str, b: &str) -> bool {
    match (checked(a), checked(b)) {
        (Some(a), Some(b)) => a.origin() == b.origin(),
        _ => false,
    }
}

/// Parses the URL, unless it contains something on which two URL parsers could disagree.
fn checked(text: &str) -> Option<Url> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '<' | '>' | '"' | '`');
    if text.len() > limits::URI || text.contains(odd) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains(['@', '%']) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    // `example.org.` is the same host to DNS, but a different one to most software.
    url.host_str().is_some_and(|host| !host.ends_with('.')).then_some(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_parsers_disagree_about_are_refused() {
        let fine = [
            "https://a.example/users/ann",
            "http://127.0.0.1:8080/x?y=1",
            "https://xn--bcher-kva.example/",
            "https://a.example/ü",
        ];
        for url in fine {
            assert_eq!(Uri::parse(url).map(Uri::into_string).as_deref(), Some(url), "kept as given");
        }
        let refused = [
            "",
            "a.example",
            "//a.example/x",
            "/x",
            "ftp://a.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https:a.example",
            "https:/a.example",
            "https:///a.example",
            "https:\\\\a.example",
            "https://",
            "https://user@a.example/",
            "https://user:pw@a.example/",
            "https://@a.example/",
            "https://a.example\\@b.example/",
            "https://a.example./x",
            "https://a.ex%61mple/",
            "https://a.example/x y",
            " https://a.example/",
            "https://a.ex\tample/",
            "https://a.example/\"><b>",
            "https://a.example:99999/",
            "ap://did:key:z6/x",
            "acct:ann@a.example",
            "HTTPS://a.example/",
            "https://a.example/x#main-key",
        ];
        for url in refused {
            assert_eq!(Uri::parse(url), None, "{url}");
        }
        assert!(Uri::parse_id("https://a.example/x#main-key").unwrap().has_fragment());
        assert_eq!(Uri::parse(&format!("https://a.example/{}", "x".repeat(limits::URI))), None);
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let same = [("https://a.example/1", "https://A.Example:443/2#x"), ("http://a.example:80", "http://a.example/")];
        let other = [
            ("https://a.example/", "http://a.example/"),
            ("https://a.example/", "https://a.example:8443/"),
            ("https://a.example/", "https://b.a.example/"),
            ("https://a.example/", "https://a.example.evil.example/"),
            ("nonsense", "nonsense"),
        ];
        assert!(same.iter().all(|(a, b)| same_origin(a, b)));
        assert!(other.iter().all(|(a, b)| !same_origin(a, b)));
        assert_eq!(Uri::parse("https://BÜCHER.example:444/x").unwrap().host(), "xn--bcher-kva.example:444");
    }
}

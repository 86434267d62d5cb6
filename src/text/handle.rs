//! Handles, `@user@host`: parsing and formatting. Looks up nothing.

use std::fmt;

use super::MAX_USERNAME_CHARS;

/// A username and, unless it is local, its host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    /// The part before the second `@`, in the case it was written in.
    pub name: String,
    /// The host in lower-case punycode, with `:port` if one was written; none for a name on our own server.
    pub host: Option<String>,
}

impl Handle {
    /// Reads `@user@host`, `user@host`, `acct:user@host`, `@user` or `user`; none when it is no handle.
    ///
    /// ```
    /// use hytte::text::Handle;
    /// assert_eq!(Handle::parse("acct:Ada@BÜCHER.example.").unwrap().to_string(), "@Ada@xn--bcher-kva.example");
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = strip_acct(text).unwrap_or(text);
        let text = text.strip_prefix('@').unwrap_or(text);
        let (name, host) = match text.split_once('@') {
            Some((name, host)) => (name, Some(normal_host(host)?)),
            None => (text, None),
        };
        is_name(name).then(|| Self { name: name.to_owned(), host })
    }

    /// True when both name the same account: usernames are compared without case, as all peers do.
    pub fn same(&self, other: &Self) -> bool {
        self.host == other.host && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// `user@host` (or `user`), as the Mastodon API's `acct` and WebFinger's `acct:` write it.
    pub fn acct(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{host}", self.name),
            None => self.name.clone(),
        }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.acct())
    }
}

/// A host in lower-case punycode without the trailing dot, with its `:port` if it has one; none when it is no host.
pub fn normal_host(text: &str) -> Option<String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if let Some(port) = port {
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        port.parse::<u16>().ok().filter(|n| digits && *n > 0)?;
    }
    let ascii = idna::domain_to_ascii(host).ok()?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    let label = |l: &str| {
        !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if ascii.len() > 253 || !ascii.split('.').all(label) {
        return None;
    }
    Some(match port {
        Some(port) => format!("{ascii}:{port}"),
        None => ascii.to_owned(),
    })
}

/// True for what may stand before the host: letters, digits, `_`, `.`, `-`, with a letter, digit or `_` at each end.
pub fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() <= MAX_USERNAME_CHARS
        && name.starts_with(word)
        && name.ends_with(|c| word(c) || c == '-')
        && name.chars().all(|c| word(c) || c == '.' || c == '-')
}

fn strip_acct(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("acct").then_some(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_what_people_and_peers_write() {
        let table = [
            ("@ada@example.org", "@ada@example.org"),
            ("ada@example.org", "@ada@example.org"),
            ("acct:ada@example.org", "@ada@example.org"),
            ("ACCT:Ada@Example.ORG", "@Ada@example.org"),
            ("acct:@ada@example.org", "@ada@example.org"),
            ("  @ada@example.org\n", "@ada@example.org"),
            ("@ada@example.org.", "@ada@example.org"),
            ("@ada@127.0.0.1:8080", "@ada@127.0.0.1:8080"),
            ("@ada@localhost:65535", "@ada@localhost:65535"),
            ("@ada@bücher.example", "@ada@xn--bcher-kva.example"),
            ("@ada@BÜCHER.example", "@ada@xn--bcher-kva.example"),
            ("@ada@xn--bcher-kva.example", "@ada@xn--bcher-kva.example"),
            ("@ada@ｅｘａｍｐｌｅ.org", "@ada@example.org"),
            ("@a.d-a_1@example.org", "@a.d-a_1@example.org"),
            ("@__ada__@example.org", "@__ada__@example.org"),
            ("@ada-@example.org", "@ada-@example.org"),
            ("@ada", "@ada"),
            ("ada", "@ada"),
        ];
        for (given, read) in table {
            assert_eq!(Handle::parse(given).map(|h| h.to_string()).as_deref(), Some(read), "{given}");
        }
    }

    #[test]
    fn refuses_what_is_no_handle() {
        for given in [
            "",
            "@",
            "@@",
            "@ada@",
            "@@example.org",
            "@ada@example.org@example.com",
            "@a da@example.org",
            "@ada@exam ple.org",
            "@ada@example.org/path",
            "@ada@example.org:0",
            "@ada@example.org:99999",
            "@ada@example.org:+80",
            "@ada@example..org",
            "@ada@.org",
            "@ådá@example.org",
            "@.ada@example.org",
            "@ada@exa%6dple.org",
            "https://example.org/@ada",
            "@ada@ex<b>.org",
        ] {
            assert_eq!(Handle::parse(given), None, "{given}");
        }
        assert_eq!(Handle::parse(&format!("@{}@example.org", "a".repeat(256))), None);
        assert_eq!(Handle::parse(&format!("@ada@{}.org", "a".repeat(256))), None);
    }

    #[test]
    fn names_are_the_same_in_any_case() {
        let (a, b) = (Handle::parse("@Ada@example.org").unwrap(), Handle::parse("@ada@EXAMPLE.org").unwrap());
        assert!(a.same(&b));
        assert!(!a.same(&Handle::parse("@ada").unwrap()));
        assert_eq!(a.acct(), "Ada@example.org");
    }
}

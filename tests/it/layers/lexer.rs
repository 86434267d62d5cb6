//! As much of Rust's spelling as the rules need: code without comments, texts and what is only compiled for tests.

/// Rust code as words and signs; comments are gone, texts are empty.
pub struct Code {
    words: Vec<String>,
}

impl Code {
    /// Names, numbers, `::` and single signs, in order.
    pub fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// Names of modules declared as `#[cfg(test)] mod name;`.
    pub fn test_modules(&self) -> Vec<&str> {
        let starts = self.test_starts();
        starts.iter().filter(|n| self.word(**n + 2) == ";").map(|n| self.word(n + 1)).collect()
    }

    /// The same without `#[cfg(test)] mod name { … }`.
    pub fn without_tests(&self) -> Self {
        let mut words = Vec::new();
        let mut n = 0;
        let starts = self.test_starts();
        while n < self.words.len() {
            if starts.contains(&n) && self.word(n + 2) == "{" {
                n = self.end_of_block(n + 2);
            } else {
                words.push(self.words[n].clone());
            }
            n += 1;
        }
        Self { words }
    }

    fn word(&self, n: usize) -> &str {
        self.words.get(n).map_or("", String::as_str)
    }

    /// Where `mod` stands after `#[cfg(test)]`, with other attributes and `pub` between them or not.
    fn test_starts(&self) -> Vec<usize> {
        let mut starts = Vec::new();
        for n in 0..self.words.len() {
            if ["#", "[", "cfg", "(", "test", ")", "]"].iter().enumerate().any(|(i, w)| self.word(n + i) != *w) {
                continue;
            }
            let mut at = n + 7;
            while self.word(at) == "#" {
                at = (at..self.words.len()).find(|i| self.word(*i) == "]").unwrap_or(self.words.len()) + 1;
            }
            while ["pub", "(", "crate", "super", ")"].contains(&self.word(at)) {
                at += 1;
            }
            if self.word(at) == "mod" {
                starts.push(at);
            }
        }
        starts
    }

    fn end_of_block(&self, open: usize) -> usize {
        let mut deep = 0;
        for n in open..self.words.len() {
            match self.word(n) {
                "{" => deep += 1,
                "}" => deep -= 1,
                _ => {}
            }
            if deep == 0 {
                return n;
            }
        }
        self.words.len()
    }
}

/// Reads Rust code.
pub fn read(text: &str) -> Code {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if let Some(length) = skipped(rest) {
            length
        } else if is_name(c) {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            words.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            words.push("::".to_owned());
            2
        } else {
            if !c.is_whitespace() {
                words.push(c.to_string());
            }
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    Code { words }
}

/// All names in a text, comments included, in lower case.
pub fn identifiers(text: &str) -> Vec<String> {
    text.split(|c| !is_name(c)).filter(|name| !name.is_empty()).map(str::to_lowercase).collect()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a comment, text, character or lifetime that begins here.
fn skipped(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let prefix = ["br", "r", "b", "c", ""].iter().find(|p| {
        rest.strip_prefix(**p).is_some_and(|r| r.starts_with('"') || (p.ends_with('r') && raw_hashes(r).is_some()))
    });
    if let Some(prefix) = prefix {
        let text = &rest[prefix.len()..];
        return Some(
            prefix.len()
                + raw_hashes(text).filter(|_| prefix.ends_with('r')).map_or_else(|| plain(text), |n| raw(text, n)),
        );
    }
    rest.starts_with('\'').then(|| character(rest))
}

fn block_comment(rest: &str) -> usize {
    let (mut deep, mut at) = (0, 0);
    loop {
        match rest.get(at..at + 2) {
            Some("/*") => (deep, at) = (deep + 1, at + 2),
            Some("*/") => (deep, at) = (deep - 1, at + 2),
            _ => at += rest[at..].chars().next().map_or(1, char::len_utf8),
        }
        if deep == 0 || at >= rest.len() {
            return at.min(rest.len());
        }
    }
}

/// The number of `#` before the quote of a raw text.
fn raw_hashes(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    text[hashes..].starts_with('"').then_some(hashes)
}

fn raw(text: &str, hashes: usize) -> usize {
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = hashes + 1;
    text[begin..].find(&end).map_or(text.len(), |at| begin + at + end.len())
}

fn plain(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `'x'`, `'\n'` or the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => rest[3..].find('\'').map_or(rest.len(), |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

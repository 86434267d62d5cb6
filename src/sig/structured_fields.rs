//! Structured fields (RFC 8941), the part that signatures use: dictionaries of items and inner lists with parameters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest header we read, in bytes. Two RSA-4096 signatures need less than two thousand.
pub const MAX_LENGTH: usize = 8192;
/// The most members of a dictionary or inner list, and the most parameters of one item.
pub const MAX_MEMBERS: usize = 32;

/// Why a field cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldError {
    /// It breaks the grammar or a limit.
    Syntax(&'static str),
    /// This key stands twice.
    Duplicate(String),
}

type ParsedField<T> = Result<T, FieldError>;

/// A value without parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BareItem {
    /// `1618884473`
    Integer(i64),
    /// `1.5`, kept as canonical text.
    Decimal(String),
    /// `"text"`
    Text(String),
    /// `token`
    Token(String),
    /// `:base64:`
    Bytes(Vec<u8>),
    /// `?1`, or a key alone.
    Flag(bool),
}

/// Parameters in order.
pub type Parameters = Vec<(String, BareItem)>;

/// A value and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldItem {
    /// The value.
    pub bare: BareItem,
    /// Its parameters.
    pub params: Parameters,
}

/// A member of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DictionaryMember {
    /// One item.
    Item(FieldItem),
    /// An inner list and the list's own parameters.
    List(Vec<FieldItem>, Parameters),
}

impl DictionaryMember {
    /// The value of an item; None for a list.
    pub fn into_bare(self) -> Option<BareItem> {
        match self {
            Self::Item(item) => Some(item.bare),
            Self::List(..) => None,
        }
    }
}

/// Parses a dictionary; an empty text is an empty dictionary.
pub fn dictionary(text: &str) -> ParsedField<Vec<(String, DictionaryMember)>> {
    if text.len() > MAX_LENGTH {
        return Err(FieldError::Syntax("it is too long"));
    }
    let mut scan = FieldScanner { rest: text.trim_matches(' ').as_bytes() };
    let mut members: Vec<(String, DictionaryMember)> = Vec::new();
    while !scan.rest.is_empty() {
        let key = scan.key()?;
        let member = if scan.take(b'=') {
            scan.member()?
        } else {
            DictionaryMember::Item(FieldItem { bare: BareItem::Flag(true), params: scan.params()? })
        };
        push_unique(&mut members, key, member)?;
        scan.skip_blank(b"\t ");
        if scan.rest.is_empty() {
            break;
        }
        if !scan.take(b',') {
            return Err(FieldError::Syntax("a comma is missing between two members"));
        }
        scan.skip_blank(b"\t ");
        if scan.rest.is_empty() {
            return Err(FieldError::Syntax("it ends with a comma"));
        }
    }
    Ok(members)
}

/// The canonical text of an inner list with parameters, as signature bases need it.
pub fn write_list(items: &[FieldItem], params: &Parameters) -> String {
    let inner: Vec<String> = items.iter().map(write_item).collect();
    format!("({}){}", inner.join(" "), write_params(params))
}

/// The canonical text of an item with parameters.
pub fn write_item(item: &FieldItem) -> String {
    format!("{}{}", write_bare(&item.bare), write_params(&item.params))
}

fn write_params(params: &Parameters) -> String {
    let mut text = String::new();
    for (key, value) in params {
        text.push(';');
        text.push_str(key);
        if *value != BareItem::Flag(true) {
            text.push('=');
            text.push_str(&write_bare(value));
        }
    }
    text
}

fn write_bare(bare: &BareItem) -> String {
    match bare {
        BareItem::Integer(number) => number.to_string(),
        BareItem::Decimal(text) | BareItem::Token(text) => text.clone(),
        BareItem::Text(text) => quoted(text),
        BareItem::Bytes(bytes) => format!(":{}:", STANDARD.encode(bytes)),
        BareItem::Flag(flag) => format!("?{}", u8::from(*flag)),
    }
}

/// The text in quotes, with quotes and backslashes escaped.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn push_unique<T>(list: &mut Vec<(String, T)>, key: String, value: T) -> ParsedField<()> {
    if list.iter().any(|(known, _)| *known == key) {
        return Err(FieldError::Duplicate(key));
    }
    if list.len() >= MAX_MEMBERS {
        return Err(FieldError::Syntax("it has too many members"));
    }
    list.push((key, value));
    Ok(())
}

/// What is still to be read.
struct FieldScanner<'a> {
    rest: &'a [u8],
}

impl<'a> FieldScanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        if here {
            self.next();
        }
        here
    }

    fn skip_blank(&mut self, blanks: &[u8]) {
        while self.peek().is_some_and(|b| blanks.contains(&b)) {
            self.next();
        }
    }

    /// The longest run of bytes the test allows.
    fn run(&mut self, allowed: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|b| !allowed(*b)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    fn key(&mut self) -> ParsedField<String> {
        if !self.peek().is_some_and(|b| b.is_ascii_lowercase() || b == b'*') {
            return Err(FieldError::Syntax("a key must start with a lower-case letter"));
        }
        let run = self.run(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b));
        Ok(String::from_utf8_lossy(run).into_owned())
    }

    fn member(&mut self) -> ParsedField<DictionaryMember> {
        if !self.take(b'(') {
            return Ok(DictionaryMember::Item(self.item()?));
        }
        let mut items = Vec::new();
        loop {
            self.skip_blank(b" ");
            if self.take(b')') {
                return Ok(DictionaryMember::List(items, self.params()?));
            }
            if items.len() >= MAX_MEMBERS {
                return Err(FieldError::Syntax("a list has too many members"));
            }
            items.push(self.item()?);
            if !matches!(self.peek(), Some(b' ' | b')')) {
                return Err(FieldError::Syntax("a list does not end"));
            }
        }
    }

    fn item(&mut self) -> ParsedField<FieldItem> {
        Ok(FieldItem { bare: self.bare()?, params: self.params()? })
    }

    fn params(&mut self) -> ParsedField<Parameters> {
        let mut params = Vec::new();
        while self.take(b';') {
            self.skip_blank(b" ");
            let key = self.key()?;
            let value = if self.take(b'=') { self.bare()? } else { BareItem::Flag(true) };
            push_unique(&mut params, key, value)?;
        }
        Ok(params)
    }

    fn bare(&mut self) -> ParsedField<BareItem> {
        match self.peek() {
            Some(b'"') => self.text(),
            Some(b':') => self.bytes(),
            Some(b'?') => self.flag(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'*' | b'a'..=b'z' | b'A'..=b'Z') => {
                let run = self.run(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&b));
                Ok(BareItem::Token(String::from_utf8_lossy(run).into_owned()))
            }
            _ => Err(FieldError::Syntax("a value is missing")),
        }
    }

    fn text(&mut self) -> ParsedField<BareItem> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some(b'"') => return Ok(BareItem::Text(text)),
                Some(b'\\') => match self.next() {
                    Some(escaped @ (b'"' | b'\\')) => text.push(char::from(escaped)),
                    _ => return Err(FieldError::Syntax("a text has a wrong escape")),
                },
                Some(plain @ 0x20..=0x7e) => text.push(char::from(plain)),
                _ => return Err(FieldError::Syntax("a text does not end")),
            }
        }
    }

    fn bytes(&mut self) -> ParsedField<BareItem> {
        self.next();
        let run = self.run(|b| b != b':');
        if !self.take(b':') {
            return Err(FieldError::Syntax("a byte sequence does not end"));
        }
        STANDARD.decode(run).map(BareItem::Bytes).map_err(|_| FieldError::Syntax("a byte sequence is not base64"))
    }

    fn flag(&mut self) -> ParsedField<BareItem> {
        self.next();
        match self.next() {
            Some(b'0') => Ok(BareItem::Flag(false)),
            Some(b'1') => Ok(BareItem::Flag(true)),
            _ => Err(FieldError::Syntax("a truth value must be 0 or 1")),
        }
    }

    fn number(&mut self) -> ParsedField<BareItem> {
        const WRONG: FieldError = FieldError::Syntax("a number is malformed");
        let sign = if self.take(b'-') { "-" } else { "" };
        let whole = self.run(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 {
            return Err(WRONG);
        }
        let whole = format!("{sign}{}", String::from_utf8_lossy(whole));
        if !self.take(b'.') {
            return whole.parse().map(BareItem::Integer).map_err(|_| WRONG);
        }
        let part = String::from_utf8_lossy(self.run(|b| b.is_ascii_digit())).into_owned();
        if part.is_empty() || part.len() > 3 {
            return Err(WRONG);
        }
        let trimmed = part.trim_end_matches('0');
        Ok(BareItem::Decimal(format!("{whole}.{}", if trimmed.is_empty() { "0" } else { trimmed })))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn reads_a_signature_input_and_writes_it_back() {
        let text = r#"sig1=("@method" "x";req  "y";key="a\"b");created=16;keyid="k";n=1.50;t=tok;b=:AQI=:;no=?0;yes"#;
        let members = dictionary(text).unwrap();
        let DictionaryMember::List(items, params) = &members[0].1 else { panic!("a list") };
        assert_eq!(
            write_list(items, params),
            r#"("@method" "x";req "y";key="a\"b");created=16;keyid="k";n=1.5;t=tok;b=:AQI=:;no=?0;yes"#
        );
        assert_eq!(dictionary("a, b=2 ,\tc=:AA==:").unwrap().len(), 3);
    }

    #[test]
    fn refuses_what_is_not_a_dictionary() {
        for text in [
            "sig1=(",
            "sig1=(\"a\"",
            "sig1=(\"a\"\"b\")",
            "sig1=\"é\"",
            "sig1=:%:",
            "sig1=:AA",
            "sig1=",
            "=1",
            "A=1",
            "a=1,",
            "a=1 b=2",
            "a=?2",
            "a=1234567890123456",
            "a=1.2345",
            "a=-",
            "a=\"\\x\"",
        ] {
            assert!(matches!(dictionary(text), Err(FieldError::Syntax(_))), "{text}");
        }
        assert_eq!(dictionary("a=1, a=2"), Err(FieldError::Duplicate("a".into())));
        assert_eq!(dictionary("s=();created=1;created=2"), Err(FieldError::Duplicate("created".into())));
        let many = format!("s=({})", "\"a\" ".repeat(MAX_MEMBERS + 1));
        assert!(dictionary(&many).is_err());
        assert!(dictionary(&format!("s=\"{}\"", "a".repeat(MAX_LENGTH))).is_err());
    }
}

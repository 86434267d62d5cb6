//! Builder for the JSON of one object. Members without a value are left out, never written as null: Misskey and Lemmy
//! refuse null where they expect text.

use serde_json::{Map, Value};

/// The members of the object so far.
#[derive(Debug, Default)]
pub(super) struct DocumentBuilder(Map<String, Value>);

impl DocumentBuilder {
    /// Starts an object of this type without `@context`, to be embedded in another one.
    pub(super) fn inner(kind: &str) -> Self {
        Self::default().put("type", kind)
    }

    /// Starts a document of this type with this context.
    pub(super) fn of(kind: &str, context: Value) -> Self {
        Self::inner(kind).put("@context", context)
    }

    /// Sets a member.
    pub(super) fn put(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Sets a member if there is a value.
    pub(super) fn put_optional(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.put(key, value),
            None => self,
        }
    }

    /// Sets a list if it is not empty.
    pub(super) fn put_list(self, key: &str, list: &[String]) -> Self {
        if list.is_empty() { self } else { self.put(key, list.to_vec()) }
    }

    /// The finished document.
    pub(super) fn build(self) -> Value {
        Value::Object(self.0)
    }
}

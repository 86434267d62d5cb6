//! Collections in both directions: outbox, followers, following, featured, replies, threads.

use serde_json::{Value, json};

use super::context;
use super::document_builder::DocumentBuilder;
use super::json::{self, Lossy, Many, Ref, Uri};
use super::limits;
use crate::base::{Error, Result};

/// Whether the order of the items means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectionOrder {
    /// `OrderedCollection`, `orderedItems`.
    Ordered,
    /// `Collection`, `items` (replies, threads).
    Unordered,
}

impl CollectionOrder {
    fn collection(self) -> &'static str {
        match self {
            Self::Ordered => "OrderedCollection",
            Self::Unordered => "Collection",
        }
    }

    fn page(self) -> &'static str {
        match self {
            Self::Ordered => "OrderedCollectionPage",
            Self::Unordered => "CollectionPage",
        }
    }

    fn items(self) -> &'static str {
        match self {
            Self::Ordered => "orderedItems",
            Self::Unordered => "items",
        }
    }
}

/// One page of ours.
#[derive(Debug, Clone, Default)]
pub struct OwnCollectionPage {
    /// Its id.
    pub id: String,
    /// The collection.
    pub part_of: String,
    /// Ids, or whole documents without their contexts.
    pub items: Vec<Value>,
    /// The page after it.
    pub next: Option<String>,
    /// The page before it.
    pub prev: Option<String>,
}

/// A collection that is read page by page.
pub fn paged(order: CollectionOrder, id: &str, total: u64, first: &str, last: Option<&str>) -> Value {
    DocumentBuilder::of(order.collection(), context::plain_context())
        .put("id", id)
        .put("totalItems", total)
        .put("first", first)
        .put_optional("last", last)
        .build()
}

/// A collection whose members are not shown: the missing `first` says so to Mastodon.
pub fn hidden(id: &str, total: u64) -> Value {
    DocumentBuilder::of(CollectionOrder::Ordered.collection(), context::plain_context())
        .put("id", id)
        .put("totalItems", total)
        .build()
}

/// A small collection given whole (featured, featured tags, followers of one host).
pub fn whole(order: CollectionOrder, id: &str, items: Vec<Value>) -> Value {
    DocumentBuilder::of(order.collection(), context::full_context())
        .put("id", id)
        .put("totalItems", items.len())
        .put(order.items(), without_contexts(items))
        .build()
}

/// A page by itself.
pub fn page(order: CollectionOrder, page: OwnCollectionPage) -> Value {
    page_doc(DocumentBuilder::of(order.page(), context::full_context()), order, page).build()
}

/// The replies to a post: unordered, with the first page inside, as Mastodon reads it.
pub fn replies(id: &str, first: OwnCollectionPage) -> Value {
    let order = CollectionOrder::Unordered;
    DocumentBuilder::of(order.collection(), context::full_context())
        .put("id", id)
        .put("first", page_doc(DocumentBuilder::inner(order.page()), order, first).build())
        .build()
}

/// A thread (FEP-7888): the ids of its posts in order; `owner` is its context owner.
pub fn thread(id: &str, owner: &str, total: u64, first: &str) -> Value {
    let mut doc = paged(CollectionOrder::Unordered, id, total, first, None);
    if let Some(members) = doc.as_object_mut() {
        members.insert("attributedTo".to_owned(), json!(owner));
    }
    doc
}

fn page_doc(doc: DocumentBuilder, order: CollectionOrder, page: OwnCollectionPage) -> DocumentBuilder {
    doc.put("id", page.id)
        .put("partOf", page.part_of)
        .put(order.items(), without_contexts(page.items))
        .put_optional("next", page.next)
        .put_optional("prev", page.prev)
}

fn without_contexts(mut items: Vec<Value>) -> Vec<Value> {
    for item in &mut items {
        context::lift_terms(item);
    }
    items
}

/// A collection or page of a peer. Its items prove nothing: each is fetched from its own origin before it is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// Its id; inlined first pages have none (Fedify).
    pub id: Option<Uri>,
    /// The number of items its server states.
    pub total: Option<u64>,
    /// The items on it.
    pub items: Vec<Ref>,
    /// The first page, possibly inside.
    pub first: Option<Ref>,
    /// The next page, possibly inside.
    pub next: Option<Ref>,
    /// The collection it is a page of.
    pub part_of: Option<Uri>,
}

impl Collection {
    /// Reads a collection or page, ordered or not; Invalid when it is neither.
    pub fn read(doc: &Value) -> Result<Self> {
        let kinds = json::types(doc);
        let is = |k: &&str| k.strip_prefix("Ordered").unwrap_or(k).starts_with("Collection");
        if !kinds.iter().any(is) {
            return Err(Error::invalid("the document is not a collection"));
        }
        let mut items = Many::<Ref>::read(doc, "orderedItems", limits::ITEMS).0;
        if items.is_empty() {
            items = Many::read(doc, "items", limits::ITEMS).0;
        }
        Ok(Self {
            id: json::id(doc),
            total: Lossy::read(doc, "totalItems").0,
            items,
            first: Lossy::read(doc, "first").0,
            next: Lossy::read(doc, "next").0,
            part_of: json::id_of(doc, "partOf"),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ID: &str = "https://a.example/users/ann/outbox";

    #[test]
    fn collections_as_written() {
        let context = context::plain_context();
        assert_eq!(
            paged(CollectionOrder::Ordered, ID, 41, "https://a.example/users/ann/outbox?page=1", None),
            json!({"@context": context, "type": "OrderedCollection", "id": ID, "totalItems": 41,
                "first": "https://a.example/users/ann/outbox?page=1"})
        );
        assert_eq!(
            hidden(ID, 41),
            json!({"@context": context, "type": "OrderedCollection", "id": ID, "totalItems": 41})
        );
        let item = json!({"@context": context, "id": "https://a.example/1", "type": "Note"});
        assert_eq!(
            whole(CollectionOrder::Ordered, ID, vec![item]),
            json!({"@context": context::full_context(), "type": "OrderedCollection", "id": ID, "totalItems": 1,
                "orderedItems": [{"id": "https://a.example/1", "type": "Note"}]})
        );
        let first = OwnCollectionPage {
            id: "https://a.example/r?page=1".into(),
            part_of: "https://a.example/r".into(),
            items: vec![json!("https://b.example/1")],
            next: Some("https://a.example/r?page=2".into()),
            prev: None,
        };
        let inside = json!({"type": "CollectionPage", "id": "https://a.example/r?page=1", "partOf": "https://a.example/r",
            "items": ["https://b.example/1"], "next": "https://a.example/r?page=2"});
        let replies = replies("https://a.example/r", first.clone());
        assert_eq!(
            replies,
            json!({"@context": context::full_context(), "type": "Collection", "id": "https://a.example/r", "first": inside})
        );
        let mut alone = inside;
        alone.as_object_mut().unwrap().insert("@context".into(), context::full_context());
        assert_eq!(page(CollectionOrder::Unordered, first), alone);
        assert_eq!(
            thread("https://a.example/c", "https://a.example/ann", 3, "https://a.example/c?page=1"),
            json!({"@context": context, "type": "Collection", "id": "https://a.example/c", "totalItems": 3,
                "attributedTo": "https://a.example/ann", "first": "https://a.example/c?page=1"})
        );
    }

    #[test]
    fn collections_in_every_shape() {
        let inlined = json!({"type": "Collection", "id": "https://a.example/r", "totalItems": "2",
            "first": {"type": "CollectionPage", "items": "https://b.example/1", "next": {"id": "https://a.example/r?p=2"}}});
        let collection = Collection::read(&inlined).unwrap();
        assert_eq!(collection.total, Some(2));
        let first = Collection::read(collection.first.unwrap().embedded().unwrap()).unwrap();
        assert_eq!((first.id, first.items.len()), (None, 1));
        assert_eq!(first.next.unwrap().id().unwrap(), &"https://a.example/r?p=2");
        let mixed = json!({"type": ["OrderedCollectionPage"], "orderedItems": [null, 7, {"id": "https://b.example/1"}, "x"], "first": []});
        let mixed = Collection::read(&mixed).unwrap();
        assert_eq!((mixed.items.len(), mixed.first, mixed.total), (1, None, None));
        assert!(Collection::read(&json!({"type": "Note"})).is_err());
        assert!(Collection::read(&json!([])).is_err());
    }
}

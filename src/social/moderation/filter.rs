//! Filters: creates and changes them, and finds the posts that match. Like in Mastodon, a keyword matches in the
//! content warning, text, poll options and image descriptions.

use std::time::Duration;

use crate::base::id::{FilterId, FilteredId, KeywordId, PostId};
use crate::base::{Error, Result, Time};
use crate::social::list::check_title;
use crate::store::posts::post_views::PostView;
use crate::store::timelines::filters::{
    self, Filter, FilterAction, FilterContext, FilterContexts, FilterKeyword, MAX_FILTERS, MAX_KEYWORDS,
    MAX_KEYWORDS_PER_FILTER,
};
use crate::store::{Read, Write, posts};
use crate::text::keywords::{KeywordPattern, SearchableText};
use crate::text::plain_text;

/// Maximum length of a keyword.
pub const MAX_KEYWORD_CHARS: usize = 512;
/// Maximum duration of a filter: clients read years of four digits.
const MAX_FILTER_DURATION: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A change of a filter; None keeps a field.
#[derive(Debug, Clone, Default)]
pub struct FilterChange {
    /// The title.
    pub title: Option<String>,
    /// Where the filter applies.
    pub contexts: Option<FilterContexts>,
    /// What happens to a matching post.
    pub action: Option<FilterAction>,
    /// How long the filter applies from now; `Some(None)` removes the limit.
    pub duration: Option<Option<Duration>>,
    /// Changed keywords.
    pub keywords: Vec<KeywordChange>,
}

/// A change of a keyword; None keeps a field.
#[derive(Debug, Clone, Default)]
pub struct KeywordChange {
    /// The keyword to change; None adds a new one.
    pub id: Option<KeywordId>,
    /// The text as typed.
    pub keyword: Option<String>,
    /// Whether only whole words match; true by default for new keywords.
    pub whole_word: Option<bool>,
    /// Whether the keyword is removed.
    pub remove: bool,
}

/// Creates a filter with its keywords. Invalid when something is missing or too long, or a maximum number is reached.
pub fn create_filter(w: &Write<'_>, change: &FilterChange) -> Result<FilterId> {
    if filters::all(w)?.len() >= MAX_FILTERS as usize {
        return Err(Error::invalid(format!("You can have at most {MAX_FILTERS} filters")));
    }
    let new = Filter {
        id: FilterId(0),
        title: String::new(),
        contexts: FilterContexts::default(),
        action: FilterAction::Warn,
        until_at: None,
    };
    let id = filters::add(w, &apply_filter_change(w, new, change)?)?;
    apply_keyword_changes(w, id, &change.keywords)?;
    filters::changed(w)?;
    Ok(id)
}

/// Changes a filter and its keywords, all or nothing. NotFound for keywords of another filter.
pub fn change_filter(w: &Write<'_>, id: FilterId, change: &FilterChange) -> Result<()> {
    let filter = apply_filter_change(w, filters::by_id(w, id)?, change)?;
    filters::set(w, &filter)?;
    apply_keyword_changes(w, id, &change.keywords)?;
    filters::changed(w)
}

fn apply_filter_change(w: &Write<'_>, filter: Filter, change: &FilterChange) -> Result<Filter> {
    let name = match &change.title {
        Some(text) => check_title(text)?,
        None => filter.title,
    };
    let contexts = change.contexts.unwrap_or(filter.contexts);
    if name.is_empty() {
        return Err(Error::invalid("Title can't be blank"));
    }
    if contexts.is_empty() {
        return Err(Error::invalid("Context None or invalid context supplied"));
    }
    let until_at = match change.duration {
        Some(length) => length.map(|length| w.now.plus(length.min(MAX_FILTER_DURATION))),
        None => filter.until_at,
    };
    Ok(Filter { title: name, contexts, action: change.action.unwrap_or(filter.action), until_at, ..filter })
}

fn apply_keyword_changes(w: &Write<'_>, id: FilterId, words: &[KeywordChange]) -> Result<()> {
    for word in words {
        match word.id {
            None if word.remove => {}
            None => drop(insert_keyword(w, id, word)?),
            Some(known) => {
                let kept = filters::keyword(w, known)?;
                if kept.filter_id != id {
                    return Err(Error::NotFound);
                }
                if word.remove { filters::remove_keyword(w, known)? } else { update_keyword(w, kept, word)? }
            }
        }
    }
    Ok(())
}

fn insert_keyword(w: &Write<'_>, id: FilterId, word: &KeywordChange) -> Result<KeywordId> {
    let keyword = check_keyword(word.keyword.as_deref().unwrap_or_default())?;
    if filters::keywords_of(w, id)?.len() >= MAX_KEYWORDS_PER_FILTER as usize {
        return Err(Error::invalid(format!("Keywords are too many (maximum is {MAX_KEYWORDS_PER_FILTER})")));
    }
    if filters::keywords(w)?.len() >= MAX_KEYWORDS as usize {
        return Err(Error::invalid(format!("Keywords of all filters are too many (maximum is {MAX_KEYWORDS})")));
    }
    filters::add_keyword(w, id, keyword, word.whole_word.unwrap_or(true))
}

fn update_keyword(w: &Write<'_>, kept: FilterKeyword, word: &KeywordChange) -> Result<()> {
    let keyword = match &word.keyword {
        Some(text) => check_keyword(text)?.to_owned(),
        None => kept.keyword,
    };
    filters::set_keyword(w, &FilterKeyword { keyword, whole: word.whole_word.unwrap_or(kept.whole), ..kept })
}

fn check_keyword(keyword: &str) -> Result<&str> {
    if keyword.trim().is_empty() {
        return Err(Error::invalid("Keyword can't be blank"));
    }
    if keyword.chars().count() > MAX_KEYWORD_CHARS {
        return Err(Error::invalid(format!("Keyword is too long (maximum is {MAX_KEYWORD_CHARS} characters)")));
    }
    Ok(keyword)
}

/// Deletes a filter.
pub fn delete_filter(w: &Write<'_>, id: FilterId) -> Result<()> {
    filters::remove(w, id)?;
    filters::changed(w)
}

/// Adds a keyword to a filter.
pub fn add_keyword(w: &Write<'_>, id: FilterId, word: &KeywordChange) -> Result<KeywordId> {
    filters::by_id(w, id)?;
    let known = insert_keyword(w, id, word)?;
    filters::changed(w)?;
    Ok(known)
}

/// Changes a keyword.
pub fn change_keyword(w: &Write<'_>, id: KeywordId, word: &KeywordChange) -> Result<()> {
    update_keyword(w, filters::keyword(w, id)?, word)?;
    filters::changed(w)
}

/// Removes a keyword.
pub fn remove_keyword(w: &Write<'_>, id: KeywordId) -> Result<()> {
    filters::remove_keyword(w, id)?;
    filters::changed(w)
}

/// Adds a post to a filter; Conflict when it is already there.
pub fn add_post(w: &Write<'_>, id: FilterId, post: PostId) -> Result<FilteredId> {
    filters::by_id(w, id)?;
    posts::by_id(w, post)?;
    if filters::posts_of(w, id)?.len() >= filters::MAX_POSTS_PER_FILTER as usize
        || filters::posts(w)?.len() >= filters::MAX_FILTERED_POSTS as usize
    {
        return Err(Error::invalid("Posts under this filter are too many"));
    }
    let filtered = filters::add_post(w, id, post)?;
    filters::changed(w)?;
    Ok(filtered)
}

/// Removes a post from a filter.
pub fn remove_post(w: &Write<'_>, id: FilteredId) -> Result<()> {
    filters::remove_post(w, id)?;
    filters::changed(w)
}

/// All filters that currently apply, prepared for a page of posts.
#[derive(Debug, Default)]
pub struct ActiveFilters {
    rules: Vec<ActiveFilter>,
}

#[derive(Debug)]
struct ActiveFilter {
    filter: Filter,
    patterns: Vec<KeywordPattern>,
    posts: Vec<PostId>,
}

/// A filter that a post matches.
#[derive(Debug)]
pub struct FilterMatch<'s> {
    /// The filter.
    pub filter: &'s Filter,
    /// The matching text, as written in the post.
    pub keyword: Option<String>,
    /// The post, or the boost of it, if it was added to the filter by hand.
    pub posts: Vec<PostId>,
}

impl ActiveFilters {
    /// Loads the filters that have not expired: one small query when there are none.
    pub fn load(r: &Read<'_>) -> Result<Self> {
        let is_on = |filter: &Filter| filter.until_at.is_none_or(|until| until > r.now);
        let current: Vec<Filter> = filters::all(r)?.into_iter().filter(is_on).collect();
        if current.is_empty() {
            return Ok(Self::default());
        }
        let (keywords, chosen) = (filters::keywords(r)?, filters::posts(r)?);
        let rule = |filter: Filter| {
            let own = keywords.iter().filter(|keyword| keyword.filter_id == filter.id);
            let needles: Vec<KeywordPattern> =
                own.map(|keyword| KeywordPattern::of(&keyword.keyword, keyword.whole)).collect();
            let own = chosen.iter().filter(|one| one.filter_id == filter.id);
            ActiveFilter { patterns: needles, posts: own.map(|one| one.post_id).collect(), filter }
        };
        let rules = current.into_iter().map(rule).filter(|rule| !rule.patterns.is_empty() || !rule.posts.is_empty());
        Ok(Self { rules: rules.collect() })
    }

    /// Keeps only the filters that apply in this context.
    #[must_use]
    pub fn for_context(mut self, context: FilterContext) -> Self {
        self.rules.retain(|rule| rule.filter.contexts.has(context));
        self
    }

    /// Every filter that a post or boost matches, in any context.
    pub fn matches(&self, card: &PostView) -> Vec<FilterMatch<'_>> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let text = SearchableText::of(&searched_text(card));
        let hit = |rule: &'_ ActiveFilter| {
            let keyword = text.first(&rule.patterns);
            let posts: Vec<PostId> = match card.id == card.post.id {
                true => vec![card.id],
                false => vec![card.id, card.post.id],
            };
            let posts: Vec<PostId> = posts.into_iter().filter(|id| rule.posts.contains(id)).collect();
            (keyword.is_some() || !posts.is_empty()).then_some((keyword, posts))
        };
        let found = self.rules.iter().filter_map(|rule| Some((rule, hit(rule)?)));
        found.map(|(rule, (keyword, posts))| FilterMatch { filter: &rule.filter, keyword, posts }).collect()
    }

    /// The action and title of the strictest filter that a post or boost matches.
    pub fn strictest_action(&self, card: &PostView) -> Option<(FilterAction, String)> {
        let rank = |action: FilterAction| match action {
            FilterAction::Hide => 0,
            FilterAction::Warn => 1,
            FilterAction::Blur => 2,
        };
        let strictest = self.matches(card).into_iter().min_by_key(|hit| rank(hit.filter.action));
        strictest.map(|hit| (hit.filter.action, hit.filter.title.clone()))
    }
}

/// The texts of a post that keywords are searched in.
fn searched_text(card: &PostView) -> String {
    let post = &card.post;
    let texts = [post.warning.as_deref(), post.title.as_deref()].into_iter().flatten().map(str::to_owned);
    let options = card.poll.iter().flat_map(|poll| poll.options.iter().map(|option| option.text.clone()));
    let descriptions = card.attachments.iter().map(|file| file.alt.clone());
    let all = texts.chain([plain_text::from_html(&post.content)]).chain(options).chain(descriptions);
    all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// A duration from a client, in seconds; a negative one becomes zero.
pub fn duration_from_seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// Whether a filter has expired.
pub fn has_expired(filter: &Filter, now: Time) -> bool {
    filter.until_at.is_some_and(|until| until <= now)
}

//! Who may answer, like, boost or quote a post: what GoToSocial's interaction policies and FEP-044f can say of it, small
//! enough to be kept with every post. Knows no ids: who somebody is to the author comes as [`Ties`].

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Audience, Error};

/// What can be done with somebody's post, and what its author may want to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Answering it.
    Reply,
    /// Liking it.
    Like,
    /// Boosting it.
    Boost,
    /// Quoting it.
    Quote,
}

impl Deed {
    /// All four, in the order they are kept.
    pub const ALL: [Self; 4] = [Self::Reply, Self::Like, Self::Boost, Self::Quote];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Like => "like",
            Self::Boost => "boost",
            Self::Quote => "quote",
        }
    }

    /// The deed of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.word() == word)
    }

    /// What one is said to do: "answer", "like", …
    pub fn verb(self) -> &'static str {
        match self {
            Self::Reply => "answer",
            other => other.word(),
        }
    }

    fn place(self) -> u32 {
        match self {
            Self::Reply => 0,
            Self::Like => 1,
            Self::Boost => 2,
            Self::Quote => 3,
        }
    }
}

/// A set of people, as far as a rule tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Who(u8);

impl Who {
    /// Nobody.
    pub const NOBODY: Self = Self(0);
    /// Everyone who may read the post.
    pub const EVERYONE: Self = Self(1);
    /// The author's followers.
    pub const FOLLOWERS: Self = Self(2);
    /// Whom the author follows.
    pub const FOLLOWING: Self = Self(4);
    /// The owner of this server, by name.
    pub const US: Self = Self(8);

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are in it.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether somebody with these ties is in it by following or being followed.
    fn ties(self, ties: Ties) -> bool {
        self.has(Self::FOLLOWERS) && ties.follows || self.has(Self::FOLLOWING) && ties.followed
    }
}

/// Who somebody is to the author of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ties {
    /// They follow the author.
    pub follows: bool,
    /// The author follows them.
    pub followed: bool,
}

/// One rule of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rule {
    /// Who may without waiting.
    pub automatic: Who,
    /// Who may ask.
    pub manual: Who,
}

/// What a rule says of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They may, and need not ask.
    Free,
    /// They may, and the author's server says so when asked: others cannot know it.
    Sure,
    /// The author decides.
    Waits,
    /// They may not.
    No,
}

impl Rule {
    /// Everyone, at once.
    pub const OPEN: Self = Self { automatic: Who::EVERYONE, manual: Who::NOBODY };
    /// Only the author.
    pub const CLOSED: Self = Self { automatic: Who::NOBODY, manual: Who::NOBODY };

    /// What the rule says of somebody; who is named comes before who is only one of many.
    pub fn verdict(self, ties: Ties) -> Verdict {
        if self.automatic.has(Who::US) {
            Verdict::Free
        } else if self.manual.has(Who::US) {
            Verdict::Waits
        } else if self.automatic.has(Who::EVERYONE) {
            Verdict::Free
        } else if self.automatic.ties(ties) {
            Verdict::Sure
        } else if self.manual.has(Who::EVERYONE) || self.manual.ties(ties) {
            Verdict::Waits
        } else {
            Verdict::No
        }
    }
}

/// The rules of one post; a rule that is missing was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    rules: [Option<Rule>; 4],
    /// Written in the words of GoToSocial before 0.20, which knows no requests: it is asked by doing.
    pub elder: bool,
}

/// Bits of one rule: present, four for automatic, four for manual.
const WIDTH: u32 = 9;
const ELDER: i64 = 1 << 40;

impl Rules {
    /// The rule for a deed.
    pub fn get(&self, deed: Deed) -> Option<Rule> {
        self.rules.get(deed.place() as usize).copied().flatten()
    }

    /// The same rules with this one.
    #[must_use]
    pub fn with(mut self, deed: Deed, rule: Rule) -> Self {
        if let Some(place) = self.rules.get_mut(deed.place() as usize) {
            *place = Some(rule);
        }
        self
    }

    /// The same rules, written as GoToSocial did before 0.20.
    #[must_use]
    pub fn in_elder_words(self) -> Self {
        Self { elder: true, ..self }
    }

    /// True when nothing is ruled, or nothing that is not so without rules: everyone may answer, like and boost.
    pub fn is_usual(&self) -> bool {
        Deed::ALL.into_iter().all(|deed| match self.get(deed) {
            None => true,
            Some(rule) => deed != Deed::Quote && rule.automatic.has(Who::EVERYONE) && rule.manual == Who::NOBODY,
        })
    }

    /// The number the store keeps.
    pub fn bits(&self) -> i64 {
        let one = |deed: Deed| {
            let bits = self.get(deed).map_or(0, |r| 1 | i64::from(r.automatic.0) << 1 | i64::from(r.manual.0) << 5);
            bits << (WIDTH * deed.place())
        };
        let elder = if self.elder { ELDER } else { 0 };
        Deed::ALL.into_iter().map(one).fold(elder, |all, bits| all | bits)
    }

    /// The rules of a stored number.
    pub fn from_bits(bits: i64) -> Self {
        let four = |bits: i64| Who(u8::try_from(bits & 15).unwrap_or_default());
        let one = |rules: Self, deed: Deed| {
            let own = bits >> (WIDTH * deed.place());
            let rule = Rule { automatic: four(own >> 1), manual: four(own >> 5) };
            if own & 1 == 1 { rules.with(deed, rule) } else { rules }
        };
        let start = Self { elder: bits & ELDER != 0, ..Self::default() };
        Deed::ALL.into_iter().fold(start, one)
    }
}

/// What the owner can choose for a post of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Everyone.
    #[default]
    Everyone,
    /// Followers at once, others when the owner agrees.
    Followers,
    /// Whom the owner follows at once, others when the owner agrees.
    Following,
    /// Each when the owner agrees.
    Asking,
    /// Nobody but who is named.
    Nobody,
}

impl Choice {
    /// All, widest first.
    pub const ALL: [Self; 5] = [Self::Everyone, Self::Followers, Self::Following, Self::Asking, Self::Nobody];

    /// The word of forms and settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::Asking => "asking",
            Self::Nobody => "nobody",
        }
    }

    /// The rule it is.
    pub fn rule(self) -> Rule {
        let asking = |automatic| Rule { automatic, manual: Who::EVERYONE };
        match self {
            Self::Everyone => Rule::OPEN,
            Self::Followers => asking(Who::FOLLOWERS),
            Self::Following => asking(Who::FOLLOWING),
            Self::Asking => asking(Who::NOBODY),
            Self::Nobody => Rule::CLOSED,
        }
    }

    /// The choice a rule of our own came from.
    pub fn of(rule: Option<Rule>) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| Some(choice.rule()) == rule)
    }
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|choice| choice.word() == word);
        known.ok_or_else(|| Error::invalid("the choice is one of everyone, followers, following, asking, nobody"))
    }
}

/// The owner's choices for one post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Choices {
    /// Who may answer.
    pub reply: Choice,
    /// Who may quote.
    pub quote: Choice,
    /// Who may like.
    pub like: Choice,
    /// Who may boost.
    pub boost: Choice,
}

impl Choices {
    /// The rules of a post of the owner's with this audience: what is not for everyone is neither boosted nor quoted.
    pub fn rules(self, audience: Audience) -> Rules {
        let open = audience.is_open();
        Rules::default()
            .with(Deed::Reply, self.reply.rule())
            .with(Deed::Like, self.like.rule())
            .with(Deed::Boost, if open { self.boost.rule() } else { Rule::CLOSED })
            .with(Deed::Quote, if open { self.quote.rule() } else { Rule::CLOSED })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_kept_as_a_number() {
        for reply in Choice::ALL {
            for quote in Choice::ALL {
                let mut rules = Choices { reply, quote, like: quote, boost: reply }.rules(Audience::Public);
                rules.elder = reply == Choice::Nobody;
                assert_eq!(Rules::from_bits(rules.bits()), rules);
                assert_eq!(Choice::of(rules.get(Deed::Quote)), Some(quote));
                assert_eq!(Choice::of(rules.get(Deed::Boost)), Some(reply));
            }
        }
        let some = Rules::default().with(Deed::Boost, Rule { automatic: Who::US, manual: Who::FOLLOWING });
        assert_eq!(Rules::from_bits(some.bits()), some);
        assert_eq!(Rules::from_bits(0), Rules::default());
        assert!(Rules::default().with(Deed::Like, Rule::OPEN).is_usual() && !some.is_usual());
    }

    #[test]
    fn who_is_named_comes_before_who_is_one_of_many() {
        let (stranger, friend) = (Ties::default(), Ties { follows: true, followed: false });
        let rule = |automatic, manual| Rule { automatic, manual };
        assert_eq!(rule(Who::EVERYONE, Who::US).verdict(friend), Verdict::Waits);
        assert_eq!(rule(Who::US, Who::EVERYONE).verdict(stranger), Verdict::Free);
        assert_eq!(rule(Who::FOLLOWERS, Who::EVERYONE).verdict(stranger), Verdict::Waits);
        assert_eq!(rule(Who::FOLLOWERS, Who::EVERYONE).verdict(friend), Verdict::Sure);
        assert_eq!(rule(Who::FOLLOWING, Who::NOBODY).verdict(friend), Verdict::No);
        assert_eq!(Rule::OPEN.verdict(stranger), Verdict::Free);
        assert_eq!(Rule::CLOSED.verdict(friend), Verdict::No);
    }
}

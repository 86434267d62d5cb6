//! Who may reply to, like, boost or quote a post: GoToSocial's interaction policies and FEP-044f, compact enough to be
//! stored with every post. Knows no ids: the relation of an actor to the author comes as [`AuthorRelation`].

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Audience, Error};

/// Interactions with a post that its author may restrict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interaction {
    /// Answering it.
    Reply,
    /// Liking it.
    Like,
    /// Boosting it.
    Boost,
    /// Quoting it.
    Quote,
}

impl Interaction {
    /// All four, in stored order.
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

    /// The interaction of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interaction| interaction.word() == word)
    }

    /// The verb: "reply to", "like", …
    pub fn verb(self) -> &'static str {
        match self {
            Self::Reply => "reply to",
            other => other.word(),
        }
    }

    fn bit_offset(self) -> u32 {
        match self {
            Self::Reply => 0,
            Self::Like => 1,
            Self::Boost => 2,
            Self::Quote => 3,
        }
    }
}

/// A set of actors, as far as policies distinguish them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ActorSet(u8);

impl ActorSet {
    /// Nobody.
    pub const NOBODY: Self = Self(0);
    /// Everyone who may read the post.
    pub const EVERYONE: Self = Self(1);
    /// The author's followers.
    pub const FOLLOWERS: Self = Self(2);
    /// Actors the author follows.
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

    /// Whether an actor with this relation is included by following or being followed.
    fn ties(self, ties: AuthorRelation) -> bool {
        self.has(Self::FOLLOWERS) && ties.follows || self.has(Self::FOLLOWING) && ties.followed
    }
}

/// The relation of an actor to the author of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuthorRelation {
    /// They follow the author.
    pub follows: bool,
    /// The author follows them.
    pub followed: bool,
}

/// One rule of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyRule {
    /// Actors who may interact at once.
    pub automatic: ActorSet,
    /// Actors who may request approval.
    pub manual: ActorSet,
}

/// The effect of a rule on an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Allowed without a request.
    Allowed,
    /// Allowed, with an authorization issued by the author's server on request: others cannot verify it.
    AllowedWithAuthorization,
    /// The author decides on a request.
    NeedsApproval,
    /// Not allowed.
    Forbidden,
}

impl PolicyRule {
    /// Everyone, at once.
    pub const OPEN: Self = Self { automatic: ActorSet::EVERYONE, manual: ActorSet::NOBODY };
    /// Only the author.
    pub const CLOSED: Self = Self { automatic: ActorSet::NOBODY, manual: ActorSet::NOBODY };

    /// The effect on an actor; a rule for a named actor counts before one for a group.
    pub fn permission(self, ties: AuthorRelation) -> Permission {
        if self.automatic.has(ActorSet::US) {
            Permission::Allowed
        } else if self.manual.has(ActorSet::US) {
            Permission::NeedsApproval
        } else if self.automatic.has(ActorSet::EVERYONE) {
            Permission::Allowed
        } else if self.automatic.ties(ties) {
            Permission::AllowedWithAuthorization
        } else if self.manual.has(ActorSet::EVERYONE) || self.manual.ties(ties) {
            Permission::NeedsApproval
        } else {
            Permission::Forbidden
        }
    }
}

/// The policy of one post; a missing rule was not stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InteractionPolicy {
    rules: [Option<PolicyRule>; 4],
    /// Policy in the pre-0.20 GoToSocial format. Such servers have no request activities, so send the Like, Announce or
    /// reply itself.
    pub legacy_gotosocial: bool,
}

/// Bits of one rule: present, four for automatic, four for manual.
const RULE_BITS: u32 = 9;
const LEGACY_GOTOSOCIAL_BIT: i64 = 1 << 40;

impl InteractionPolicy {
    /// The rule for an interaction.
    pub fn get(&self, interaction: Interaction) -> Option<PolicyRule> {
        self.rules.get(interaction.bit_offset() as usize).copied().flatten()
    }

    /// The same policy with this rule.
    #[must_use]
    pub fn with(mut self, interaction: Interaction, rule: PolicyRule) -> Self {
        if let Some(place) = self.rules.get_mut(interaction.bit_offset() as usize) {
            *place = Some(rule);
        }
        self
    }

    /// The same policy in the pre-0.20 GoToSocial format.
    #[must_use]
    pub fn in_legacy_gotosocial_format(self) -> Self {
        Self { legacy_gotosocial: true, ..self }
    }

    /// True when the policy equals the default: everyone may reply, like and boost.
    pub fn is_default(&self) -> bool {
        Interaction::ALL.into_iter().all(|interaction| match self.get(interaction) {
            None => true,
            Some(rule) => {
                interaction != Interaction::Quote
                    && rule.automatic.has(ActorSet::EVERYONE)
                    && rule.manual == ActorSet::NOBODY
            }
        })
    }

    /// The number the store keeps.
    pub fn bits(&self) -> i64 {
        let one = |interaction: Interaction| {
            let bits =
                self.get(interaction).map_or(0, |r| 1 | i64::from(r.automatic.0) << 1 | i64::from(r.manual.0) << 5);
            bits << (RULE_BITS * interaction.bit_offset())
        };
        let elder = if self.legacy_gotosocial { LEGACY_GOTOSOCIAL_BIT } else { 0 };
        Interaction::ALL.into_iter().map(one).fold(elder, |all, bits| all | bits)
    }

    /// The policy of a stored number.
    pub fn from_bits(bits: i64) -> Self {
        let four = |bits: i64| ActorSet(u8::try_from(bits & 15).unwrap_or_default());
        let one = |rules: Self, interaction: Interaction| {
            let own = bits >> (RULE_BITS * interaction.bit_offset());
            let rule = PolicyRule { automatic: four(own >> 1), manual: four(own >> 5) };
            if own & 1 == 1 { rules.with(interaction, rule) } else { rules }
        };
        let start = Self { legacy_gotosocial: bits & LEGACY_GOTOSOCIAL_BIT != 0, ..Self::default() };
        Interaction::ALL.into_iter().fold(start, one)
    }
}

/// The owner's choices for a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyChoice {
    /// Everyone.
    #[default]
    Everyone,
    /// Followers at once, others with approval.
    Followers,
    /// Followed accounts at once, others with approval.
    Following,
    /// Everyone with approval.
    #[serde(rename = "asking")]
    WithApproval,
    /// Mentioned actors only.
    Nobody,
}

impl PolicyChoice {
    /// All, widest first.
    pub const ALL: [Self; 5] = [Self::Everyone, Self::Followers, Self::Following, Self::WithApproval, Self::Nobody];

    /// The word of forms and settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::WithApproval => "asking",
            Self::Nobody => "nobody",
        }
    }

    /// The rule for this choice.
    pub fn rule(self) -> PolicyRule {
        let asking = |automatic| PolicyRule { automatic, manual: ActorSet::EVERYONE };
        match self {
            Self::Everyone => PolicyRule::OPEN,
            Self::Followers => asking(ActorSet::FOLLOWERS),
            Self::Following => asking(ActorSet::FOLLOWING),
            Self::WithApproval => asking(ActorSet::NOBODY),
            Self::Nobody => PolicyRule::CLOSED,
        }
    }

    /// The choice that produced this rule.
    pub fn of(rule: Option<PolicyRule>) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| Some(choice.rule()) == rule)
    }
}

impl FromStr for PolicyChoice {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|choice| choice.word() == word);
        known.ok_or_else(|| Error::invalid("the choice is one of everyone, followers, following, asking, nobody"))
    }
}

/// The owner's choices for one post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PolicyChoices {
    /// Who may reply.
    pub reply: PolicyChoice,
    /// Who may quote.
    pub quote: PolicyChoice,
    /// Who may like.
    pub like: PolicyChoice,
    /// Who may boost.
    pub boost: PolicyChoice,
}

impl PolicyChoices {
    /// The policy of a post of the owner's with this audience: private posts are neither boosted nor quoted.
    pub fn rules(self, audience: Audience) -> InteractionPolicy {
        let open = audience.is_open();
        InteractionPolicy::default()
            .with(Interaction::Reply, self.reply.rule())
            .with(Interaction::Like, self.like.rule())
            .with(Interaction::Boost, if open { self.boost.rule() } else { PolicyRule::CLOSED })
            .with(Interaction::Quote, if open { self.quote.rule() } else { PolicyRule::CLOSED })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_kept_as_a_number() {
        for reply in PolicyChoice::ALL {
            for quote in PolicyChoice::ALL {
                let mut rules = PolicyChoices { reply, quote, like: quote, boost: reply }.rules(Audience::Public);
                rules.legacy_gotosocial = reply == PolicyChoice::Nobody;
                assert_eq!(InteractionPolicy::from_bits(rules.bits()), rules);
                assert_eq!(PolicyChoice::of(rules.get(Interaction::Quote)), Some(quote));
                assert_eq!(PolicyChoice::of(rules.get(Interaction::Boost)), Some(reply));
            }
        }
        let some = InteractionPolicy::default()
            .with(Interaction::Boost, PolicyRule { automatic: ActorSet::US, manual: ActorSet::FOLLOWING });
        assert_eq!(InteractionPolicy::from_bits(some.bits()), some);
        assert_eq!(InteractionPolicy::from_bits(0), InteractionPolicy::default());
        assert!(
            InteractionPolicy::default().with(Interaction::Like, PolicyRule::OPEN).is_default() && !some.is_default()
        );
    }

    #[test]
    fn who_is_named_comes_before_who_is_one_of_many() {
        let (stranger, friend) = (AuthorRelation::default(), AuthorRelation { follows: true, followed: false });
        let rule = |automatic, manual| PolicyRule { automatic, manual };
        assert_eq!(rule(ActorSet::EVERYONE, ActorSet::US).permission(friend), Permission::NeedsApproval);
        assert_eq!(rule(ActorSet::US, ActorSet::EVERYONE).permission(stranger), Permission::Allowed);
        assert_eq!(rule(ActorSet::FOLLOWERS, ActorSet::EVERYONE).permission(stranger), Permission::NeedsApproval);
        assert_eq!(
            rule(ActorSet::FOLLOWERS, ActorSet::EVERYONE).permission(friend),
            Permission::AllowedWithAuthorization
        );
        assert_eq!(rule(ActorSet::FOLLOWING, ActorSet::NOBODY).permission(friend), Permission::Forbidden);
        assert_eq!(PolicyRule::OPEN.permission(stranger), Permission::Allowed);
        assert_eq!(PolicyRule::CLOSED.permission(friend), Permission::Forbidden);
    }
}

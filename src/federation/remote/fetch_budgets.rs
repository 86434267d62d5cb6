//! Hourly request budgets for what groups, relays and forwarders make us fetch, so that a busy one cannot keep a small
//! server busy.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::Time;
use crate::base::id::ActorId;
use crate::federation::Node;
use crate::store::actors::Actor;

/// Requests that one actor's activities may cause within [`BUDGET_WINDOW`].
const MAX_REQUESTS: u32 = 400;
/// The period of a budget.
const BUDGET_WINDOW: Duration = Duration::from_secs(60 * 60);
/// Maximum number of actors with a counter; beyond it, other actors have no budget.
const MAX_REMEMBERED_ACTORS: usize = 2_000;

/// Spent requests by actor: since when, how many.
#[derive(Debug, Default)]
pub struct FetchBudgets(Mutex<HashMap<ActorId, (Time, u32)>>);

/// Whether one more request because of this actor's activity is allowed. Persons are not limited here.
pub(in crate::federation) fn allows(node: &Node, sender: &Actor) -> bool {
    sender.kind == "Person" || node.budgets.spend(sender.id, node.clock().now())
}

/// Whether one more request is allowed because this actor forwarded another actor's activity. Everyone is counted.
pub(in crate::federation) fn allows_passing_on(node: &Node, sender: &Actor) -> bool {
    node.budgets.spend(sender.id, node.clock().now())
}

impl FetchBudgets {
    fn spend(&self, who: ActorId, now: Time) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: Time| now.since(since) >= BUDGET_WINDOW || since > now;
        if all.len() >= MAX_REMEMBERED_ACTORS {
            all.retain(|_, (since, _)| !is_over(*since));
            if all.len() >= MAX_REMEMBERED_ACTORS {
                return false;
            }
        }
        let (since, spent) = all.entry(who).or_insert((now, 0));
        if is_over(*since) {
            (*since, *spent) = (now, 0);
        }
        *spent += 1;
        *spent <= MAX_REQUESTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_group_waits_for_the_next_hour_and_others_do_not() {
        let (budgets, now) = (FetchBudgets::default(), Time::from_secs(1_790_000_000));
        let spent = (0..MAX_REQUESTS * 2).filter(|_| budgets.spend(ActorId(1), now)).count();
        assert_eq!(spent, MAX_REQUESTS as usize);
        assert!(budgets.spend(ActorId(2), now));
        assert!(budgets.spend(ActorId(1), now.plus(BUDGET_WINDOW)));
    }

    #[test]
    fn the_memory_of_it_is_bounded() {
        let (budgets, now) = (FetchBudgets::default(), Time::from_secs(1_790_000_000));
        for n in 0..5_000 {
            budgets.spend(ActorId(n), now);
        }
        assert!(budgets.0.lock().is_ok_and(|all| all.len() <= MAX_REMEMBERED_ACTORS));
        assert!(budgets.spend(ActorId(9_999), now.plus(BUDGET_WINDOW)), "room again an hour later");
    }
}

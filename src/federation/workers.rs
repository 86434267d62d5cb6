//! Starts, wakes and stops the threads that deliver, apply and look after the house. Nothing else here starts a thread.
//!
//! Each queue has one *lead* that sleeps until something is due and then sends in *hands*; a hand works until nothing is
//! due and ends. Idle, there is no hand at all: their stacks and memory are gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Scope};
use std::time::Duration;

use super::{Node, delivery, inbox, upkeep};
use crate::base::time::Stopwatch;
use crate::base::{Error, Result, Time};
use crate::store::{self, Read};

/// The longest sleep: the clock is looked at again, should it have been set.
const NAP: Duration = Duration::from_mins(1);
/// How long after an error of ours a thread rests: a full disk is not emptied by trying.
const REST: Duration = Duration::from_secs(2);
/// How long a lead waits for a new hand to take what is due before it sends in another.
const TAKE_UP: Duration = Duration::from_millis(500);
/// How often a lead with many hands looks whether they are slow: fewer finished in that time than there are.
const LOOK: Duration = Duration::from_millis(50);

/// One queue and who works on it.
struct Line {
    name: &'static str,
    /// Hands while all goes well.
    few: usize,
    /// Hands when peers are slow.
    most: usize,
    /// Bytes of a hand's stack.
    stack: usize,
    next_due: fn(&Read<'_>) -> Result<Option<Time>>,
    run: fn(&Node, &mut dyn FnMut() -> bool) -> Result<()>,
}

const LINES: [Line; 2] = [
    Line {
        name: "delivery",
        few: 8,
        most: 256,
        stack: 256 * 1024,
        next_due: store::deliveries::next_due,
        run: delivery::run,
    },
    // documents nest and HTML is parsed: a deeper stack
    Line { name: "inbox", few: 1, most: 4, stack: 2 * 1024 * 1024, next_due: store::inbox::next_due, run: apply },
];
/// Bytes of the stacks of leads and upkeep.
const STACK: usize = 512 * 1024;

fn apply(node: &Node, goes_on: &mut dyn FnMut() -> bool) -> Result<()> {
    while inbox::step(node)? > 0 && goes_on() {}
    Ok(())
}

/// The threads of a running server.
pub struct Workers {
    node: Arc<Node>,
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Frees what a killed process held, and starts all threads.
    pub fn start(node: Arc<Node>) -> Result<Self> {
        node.store.write(|w| {
            store::deliveries::free_leases(w)?;
            store::inbox::free_leases(w)
        })?;
        let mut workers = Self { node, stop: Arc::default(), threads: Vec::new() };
        for line in &LINES {
            workers.spawn(line.name, move |node, stop| lead(node, line, stop))?;
        }
        workers.spawn("upkeep", look_after)?;
        Ok(workers)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce(&Node, &Stop) + Send + 'static) -> Result<()> {
        let (node, stop) = (self.node.clone(), self.stop.clone());
        let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK);
        self.threads.push(thread.spawn(move || work(&node, &stop))?);
        Ok(())
    }

    /// Stops all threads; returns when each has ended what it had begun, within the time limit of a request.
    pub fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.stop.set();
        self.node.store.bell().ring();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread had panicked");
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.join();
    }
}

/// Tells all threads to stop, and wakes those that rest.
#[derive(Default)]
struct Stop {
    told: Mutex<bool>,
    wake: Condvar,
}

impl Stop {
    fn set(&self) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    fn is_set(&self) -> bool {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rests for `limit`, or until told to stop.
    fn rest(&self, limit: Duration) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.wake.wait_timeout_while(told, limit, |told| !*told));
    }
}

/// The hands of one line.
#[derive(Default)]
struct Crew {
    hands: AtomicUsize,
    /// What they have finished, ever.
    done: AtomicUsize,
    /// One of them met an error: none is sent in until the lead has rested.
    failed: AtomicBool,
}

/// Sends in hands when something is due, until told to stop; then waits for them.
fn lead(node: &Node, line: &Line, stop: &Stop) {
    let crew = Crew::default();
    let bell = node.store.bell();
    let mut look = (Stopwatch::start(), 0);
    thread::scope(|scope| {
        while !stop.is_set() {
            let rung = bell.rung();
            if crew.failed.swap(false, Ordering::SeqCst) {
                stop.rest(REST);
            }
            let hands = crew.hands.load(Ordering::SeqCst);
            match due_in(node, line) {
                Err(error) => {
                    tracing::error!(line = line.name, %error, "the queue could not be read");
                    stop.rest(REST);
                }
                Ok(Some(wait)) if wait.is_zero() && hands < line.few => {
                    send_in(scope, node, line, &crew, stop, 1);
                    bell.wait(rung, TAKE_UP);
                }
                Ok(Some(wait)) if wait.is_zero() => {
                    let done = crew.done.load(Ordering::SeqCst);
                    if look.0.elapsed() >= LOOK {
                        if done.wrapping_sub(look.1) < hands {
                            send_in(scope, node, line, &crew, stop, hands.min(line.most.saturating_sub(hands)));
                        }
                        look = (Stopwatch::start(), done);
                    }
                    stop.rest(LOOK);
                }
                Ok(wait) => bell.wait(rung, wait.unwrap_or(NAP).min(NAP)),
            }
        }
    });
}

/// How long until something is due; None when only the bell can tell.
fn due_in(node: &Node, line: &Line) -> Result<Option<Duration>> {
    node.store.read(|r| Ok((line.next_due)(r)?.map(|at| at.since(r.now))))
}

/// Starts `more` hands, which end when nothing is due.
fn send_in<'s, 'e>(
    scope: &'s Scope<'s, 'e>,
    node: &'e Node,
    line: &'e Line,
    crew: &'e Crew,
    stop: &'e Stop,
    more: usize,
) where
    'e: 's,
{
    for _ in 0..more {
        crew.hands.fetch_add(1, Ordering::SeqCst);
        let hand = thread::Builder::new().name(line.name.to_owned()).stack_size(line.stack);
        let started = hand.spawn_scoped(scope, || {
            let ended = guarded(|| {
                (line.run)(node, &mut || {
                    crew.done.fetch_add(1, Ordering::SeqCst);
                    !stop.is_set()
                })
            });
            if let Err(error) = ended {
                tracing::error!(line = line.name, %error, "a worker stopped");
                crew.failed.store(true, Ordering::SeqCst);
            }
            crew.hands.fetch_sub(1, Ordering::SeqCst);
        });
        if let Err(error) = started {
            crew.hands.fetch_sub(1, Ordering::SeqCst);
            tracing::warn!(line = line.name, %error, "no more threads can be started");
            return;
        }
    }
}

/// Does the chores until told to stop.
fn look_after(node: &Node, stop: &Stop) {
    let mut diary = upkeep::Diary::new(node.clock().now());
    while !stop.is_set() {
        if let Err(error) = guarded(|| upkeep::step(node, &mut diary)) {
            tracing::error!(%error, "upkeep");
        }
        stop.rest(diary.rest(node.clock().now()).max(Duration::from_secs(1)));
    }
}

/// Runs `work`; a panic in it is an error like any other.
fn guarded(work: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Error::internal("it panicked")))
}

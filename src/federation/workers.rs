//! Starts, wakes and stops the worker threads: delivery, inbox, backfill, periodic jobs. No other file in `federation/`
//! starts a thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Scope};
use std::time::Duration;

use super::{
    Node,
    incoming::inbox,
    outgoing::{delivery, outage_recovery, push_notifications},
    owner::{identity, scheduling},
    remote::{backfill, backfill_worker, quote_refresh},
    upkeep,
};
use crate::base::time::Stopwatch;
use crate::base::{Error, Result, Time};
use crate::store;

/// Maximum sleep, so that a change of the system clock is noticed.
const MAX_SLEEP: Duration = Duration::from_mins(1);
/// How long a thread pauses after an internal error: retrying does not empty a full disk.
const ERROR_PAUSE: Duration = Duration::from_secs(2);
/// How long a supervisor waits for a new worker to take due work before it starts another.
const WORKER_START_TIMEOUT: Duration = Duration::from_millis(500);
/// How often a supervisor checks whether its workers are slow: fewer jobs finished in that time than there are workers.
const SUPERVISOR_INTERVAL: Duration = Duration::from_millis(50);

/// One queue and its workers.
struct WorkerQueue {
    name: &'static str,
    /// Number of workers normally.
    normal_workers: usize,
    /// Number of workers when peers are slow.
    max_workers: usize,
    /// Stack size of a worker in bytes.
    stack_bytes: usize,
    /// When the next job is due: now if a worker would find one, None if only a commit can bring one.
    next_due: fn(&Node) -> Result<Option<Time>>,
    run: fn(&Node, &mut dyn FnMut() -> bool) -> Result<()>,
}

const WORKER_QUEUES: [WorkerQueue; 3] = [
    WorkerQueue {
        name: "delivery",
        normal_workers: 8,
        max_workers: 256,
        stack_bytes: 256 * 1024,
        next_due: delivery_due,
        run: run_delivery,
    },
    // documents nest and HTML is parsed: a deeper stack
    WorkerQueue {
        name: "inbox",
        normal_workers: 1,
        max_workers: 8,
        stack_bytes: 2 * 1024 * 1024,
        next_due: |node| node.store.read(store::queue::inbox::next_due),
        run: run_inbox,
    },
    WorkerQueue {
        name: "backfill",
        normal_workers: 1,
        max_workers: 1,
        stack_bytes: 2 * 1024 * 1024,
        next_due: backfill_due,
        run: run_backfill,
    },
];
/// Stack size of the supervisor and upkeep threads.
const SUPERVISOR_STACK_BYTES: usize = 512 * 1024;

/// Sends push messages first: there are few, and someone is waiting for them.
fn run_delivery(node: &Node, goes_on: &mut dyn FnMut() -> bool) -> Result<()> {
    push_notifications::send_due(node, goes_on)?;
    delivery::run_due(node, goes_on)
}

fn delivery_due(node: &Node) -> Result<Option<Time>> {
    node.store.read(|r| {
        Ok([store::notifications::push::next_due(r)?, store::queue::deliveries::next_due(r)?]
            .into_iter()
            .flatten()
            .min())
    })
}

fn run_inbox(node: &Node, goes_on: &mut dyn FnMut() -> bool) -> Result<()> {
    while inbox::step(node)? > 0 && goes_on() {}
    Ok(())
}

fn run_backfill(node: &Node, goes_on: &mut dyn FnMut() -> bool) -> Result<()> {
    while (scheduling::publish_next_due(node)? || backfill_worker::step(node)? || quote_refresh::step(node)?)
        && goes_on()
    {}
    Ok(())
}

fn backfill_due(node: &Node) -> Result<Option<Time>> {
    Ok([scheduling::next_due(node)?, backfill::next_due(node)?, quote_refresh::next_due(node)?]
        .into_iter()
        .flatten()
        .min())
}

/// The threads of a running server.
pub struct Workers {
    node: Arc<Node>,
    stop: Arc<StopSignal>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Releases the claims of a previous process that was killed, and starts all threads.
    pub fn start(node: Arc<Node>) -> Result<Self> {
        identity::add_missing_keys(&node.store)?;
        outage_recovery::record_alive(&node)?;
        node.store.write(|w| {
            store::queue::deliveries::free_leases(w)?;
            store::queue::inbox::free_leases(w)
        })?;
        let mut workers = Self { node, stop: Arc::default(), threads: Vec::new() };
        for line in &WORKER_QUEUES {
            workers.spawn(line.name, move |node, stop| supervise(node, line, stop))?;
        }
        workers.spawn("upkeep", run_upkeep)?;
        Ok(workers)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce(&Node, &StopSignal) + Send + 'static) -> Result<()> {
        let (node, stop) = (self.node.clone(), self.stop.clone());
        let thread = thread::Builder::new().name(name.to_owned()).stack_size(SUPERVISOR_STACK_BYTES);
        self.threads.push(thread.spawn(move || work(&node, &stop))?);
        Ok(())
    }

    /// Stops all threads. Returns when each has finished its current job, within the time limit of a request.
    pub fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.stop.set();
        self.node.store.commit_notifier().notify();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker thread panicked");
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.join();
    }
}

/// Tells all threads to stop, and wakes sleeping ones.
#[derive(Default)]
struct StopSignal {
    stopped: Mutex<bool>,
    wake: Condvar,
}

impl StopSignal {
    fn set(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    fn is_set(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `limit`, or until stopped.
    fn sleep(&self, limit: Duration) {
        let told = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.wake.wait_timeout_while(told, limit, |told| !*told));
    }
}

/// Counters of one queue's workers.
#[derive(Default)]
struct PoolState {
    workers: AtomicUsize,
    /// Number of jobs finished so far.
    finished_jobs: AtomicUsize,
    /// A worker failed: no other is started until the supervisor has paused.
    failed: AtomicBool,
}

/// Starts workers when something is due, until stopped; then waits for them.
fn supervise(node: &Node, line: &WorkerQueue, stop: &StopSignal) {
    let crew = PoolState::default();
    let notifier = node.store.commit_notifier();
    let mut look = (Stopwatch::start(), 0);
    thread::scope(|scope| {
        while !stop.is_set() {
            let rung = notifier.generation();
            if crew.failed.swap(false, Ordering::SeqCst) {
                stop.sleep(ERROR_PAUSE);
            }
            let hands = crew.workers.load(Ordering::SeqCst);
            match due_in(node, line) {
                Err(error) => {
                    tracing::error!(line = line.name, %error, "cannot read the queue");
                    stop.sleep(ERROR_PAUSE);
                }
                Ok(Some(wait)) if wait.is_zero() && hands < line.normal_workers => {
                    start_worker(scope, node, line, &crew, stop, 1);
                    notifier.wait(rung, WORKER_START_TIMEOUT);
                }
                Ok(Some(wait)) if wait.is_zero() => {
                    let done = crew.finished_jobs.load(Ordering::SeqCst);
                    if look.0.elapsed() >= SUPERVISOR_INTERVAL {
                        if done.wrapping_sub(look.1) < hands {
                            start_worker(
                                scope,
                                node,
                                line,
                                &crew,
                                stop,
                                hands.min(line.max_workers.saturating_sub(hands)),
                            );
                        }
                        look = (Stopwatch::start(), done);
                    }
                    stop.sleep(SUPERVISOR_INTERVAL);
                }
                Ok(wait) => notifier.wait(rung, wait.unwrap_or(MAX_SLEEP).min(MAX_SLEEP)),
            }
        }
    });
}

/// How long until something is due; None when only a commit can bring work.
fn due_in(node: &Node, line: &WorkerQueue) -> Result<Option<Duration>> {
    Ok((line.next_due)(node)?.map(|at| at.since(node.clock().now())))
}

/// Starts `more` workers, which end when nothing is due.
fn start_worker<'s, 'e>(
    scope: &'s Scope<'s, 'e>,
    node: &'e Node,
    line: &'e WorkerQueue,
    crew: &'e PoolState,
    stop: &'e StopSignal,
    more: usize,
) where
    'e: 's,
{
    for _ in 0..more {
        crew.workers.fetch_add(1, Ordering::SeqCst);
        let hand = thread::Builder::new().name(line.name.to_owned()).stack_size(line.stack_bytes);
        let started = hand.spawn_scoped(scope, || {
            let ended = catch_panic(|| {
                (line.run)(node, &mut || {
                    crew.finished_jobs.fetch_add(1, Ordering::SeqCst);
                    !stop.is_set()
                })
            });
            if let Err(error) = ended {
                tracing::error!(line = line.name, %error, "a worker failed");
                crew.failed.store(true, Ordering::SeqCst);
            }
            crew.workers.fetch_sub(1, Ordering::SeqCst);
        });
        if let Err(error) = started {
            crew.workers.fetch_sub(1, Ordering::SeqCst);
            tracing::warn!(line = line.name, %error, "cannot start another worker thread");
            return;
        }
    }
}

/// Runs the periodic jobs until stopped.
fn run_upkeep(node: &Node, stop: &StopSignal) {
    let mut diary = upkeep::JobSchedule::new(node.clock().now());
    while !stop.is_set() {
        if let Err(error) = catch_panic(|| upkeep::step(node, &mut diary)) {
            tracing::error!(%error, "the periodic jobs failed");
        }
        stop.sleep(diary.time_to_next(node.clock().now()).max(Duration::from_secs(1)));
    }
}

/// Runs `work`; a panic in it is returned as an error.
fn catch_panic(work: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Error::internal("a worker panicked")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::federation::test_support::TestNode;
    use crate::net::test_support::{TestPeer, response};

    /// A latch that blocks until it is opened.
    #[derive(Default)]
    struct TestLatch {
        open: Mutex<bool>,
        opened: Condvar,
    }

    impl TestLatch {
        fn open(&self) {
            *self.open.lock().unwrap() = true;
            self.opened.notify_all();
        }

        fn wait_until_open(&self) {
            drop(self.opened.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap());
        }
    }

    /// Waits until exactly this many deliveries are queued.
    fn wait_for_delivery_count(node: &Node, count: u32) {
        let watch = Stopwatch::start();
        loop {
            let rung = node.store.commit_notifier().generation();
            let waiting = node.store.read(store::queue::deliveries::count).unwrap();
            if waiting == count {
                return;
            }
            assert!(watch.elapsed() < Duration::from_secs(60), "{waiting} still wait");
            node.store.commit_notifier().wait(rung, Duration::from_secs(1));
        }
    }

    #[test]
    fn hanging_peers_never_hold_the_good_ones() {
        let door = Arc::new(TestLatch::default());
        let shut = door.clone();
        let peer = TestPeer::start(move |seen| {
            if seen.header("host").starts_with("hanging") {
                shut.wait_until_open();
            }
            response(202, &[], b"")
        });
        let hanging: Vec<String> = (0..40).map(|n| format!("hanging{n}.example")).collect();
        let good: Vec<String> = (0..40).map(|n| format!("good{n}.example")).collect();
        let all: Vec<&str> = hanging.iter().chain(&good).map(String::as_str).collect();
        let home = TestNode::new(&all, peer.address, Duration::from_secs(60));
        home.queue_activity("a", &all);
        let node = Arc::new(home.node);
        let workers = Workers::start(node.clone()).unwrap();
        wait_for_delivery_count(&node, 40);
        assert!(peer.seen().iter().filter(|seen| seen.header("host").starts_with("good")).count() == 40);
        door.open();
        wait_for_delivery_count(&node, 0);
        workers.stop();
        assert_eq!(peer.seen().len(), 80, "each once");
    }

    #[test]
    fn retries_come_when_the_clock_says_so_and_stop_lets_what_has_begun_end() {
        let times = AtomicUsize::new(0);
        let (asked, is_asked) = std::sync::mpsc::channel();
        let door = Arc::new(TestLatch::default());
        let shut = door.clone();
        let peer = TestPeer::start(move |_| match times.fetch_add(1, Ordering::SeqCst) {
            0 => response(503, &[], b""),
            _ => {
                asked.send(()).unwrap();
                shut.wait_until_open();
                response(202, &[], b"")
            }
        });
        let home = TestNode::new(&["x.example"], peer.address, Duration::from_secs(60));
        home.queue_activity("a", &["x.example"]);
        let node = Arc::new(home.node);
        let workers = Workers::start(node.clone()).unwrap();
        let next = || node.store.read(store::queue::deliveries::next_due).unwrap();
        let watch = Stopwatch::start();
        while next().is_none_or(|next| next == node.clock().now()) {
            assert!(watch.elapsed() < Duration::from_secs(60));
            node.store.commit_notifier().wait(node.store.commit_notifier().generation(), SUPERVISOR_INTERVAL);
        }
        home.clock.advance(Duration::from_secs(70));
        node.store.commit_notifier().notify();
        is_asked.recv().unwrap();
        let stopper = thread::spawn(move || workers.stop());
        door.open();
        stopper.join().unwrap();
        assert_eq!(node.store.read(store::queue::deliveries::count).unwrap(), 0, "it was settled before all ended");
    }

    #[test]
    fn what_a_killed_server_had_claimed_is_delivered_after_the_restart() {
        let peer = TestPeer::start(|_| response(202, &[], b""));
        let home = TestNode::new(&["x.example"], peer.address, Duration::from_secs(60));
        home.queue_activity("a", &["x.example"]);
        home.node.store.write(|w| store::queue::deliveries::claim(w, delivery::CLAIM_LEASE)).unwrap().unwrap();
        let node = Arc::new(home.node);
        let workers = Workers::start(node.clone()).unwrap();
        wait_for_delivery_count(&node, 0);
        workers.stop();
        assert_eq!(peer.seen().len(), 1);
    }

    #[test]
    fn a_panic_is_an_error_and_the_next_hand_goes_on() {
        static TIMES: AtomicUsize = AtomicUsize::new(0);
        let line = WorkerQueue {
            name: "careless",
            normal_workers: 1,
            max_workers: 1,
            stack_bytes: SUPERVISOR_STACK_BYTES,
            next_due: |node| Ok((TIMES.load(Ordering::SeqCst) < 2).then(|| node.clock().now())),
            run: |node, goes_on| {
                let times = TIMES.fetch_add(1, Ordering::SeqCst);
                assert!(times > 0, "on purpose");
                goes_on();
                node.store.commit_notifier().notify();
                Ok(())
            },
        };
        let peer = TestPeer::start(|_| response(202, &[], b""));
        let home = TestNode::new(&[], peer.address, Duration::from_secs(60));
        let stop = StopSignal::default();
        thread::scope(|scope| {
            let (node, stop) = (&home.node, &stop);
            let leader = scope.spawn(|| supervise(node, &line, stop));
            while TIMES.load(Ordering::SeqCst) < 2 {
                node.store.commit_notifier().wait(node.store.commit_notifier().generation(), SUPERVISOR_INTERVAL);
            }
            stop.set();
            node.store.commit_notifier().notify();
            leader.join().unwrap();
        });
    }
}

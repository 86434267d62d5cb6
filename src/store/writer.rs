//! The single writer thread. Runs all waiting writes in one transaction, each in its own savepoint, commits once, then
//! tells the callers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use super::events::EventDemand;
use super::transaction::Write;
use crate::base::{Clock, Error, Result};

/// Acts per transaction: bounds how long the first caller waits for the last act.
const MAX_WRITES_PER_TRANSACTION: usize = 256;

/// A write not yet run. Running it returns what to do once the batch is on disk or lost. Without a transaction it only
/// refuses.
type WriteJob = Box<dyn FnOnce(Option<&Write<'_>>) -> FinishedJob + Send>;
/// Reports the result to the caller: None for "on disk", Some for the error.
type WriteResult = Box<dyn FnOnce(Option<Error>) + Send>;

struct FinishedJob {
    keep: bool,
    answer: WriteResult,
}

/// Handle of the writer thread.
pub(super) struct Writer {
    jobs: Option<Sender<WriteJob>>,
    thread: Option<JoinHandle<()>>,
    commit_notifier: CommitNotifier,
    event_demand: EventDemand,
}

/// Rings after every commit that changed rows: threads wait on it, streams watch it.
#[derive(Clone)]
pub struct CommitNotifier {
    count: Arc<(Mutex<u64>, Condvar)>,
    watch: Arc<watch::Sender<u64>>,
}

impl CommitNotifier {
    fn new() -> Self {
        Self { count: Arc::default(), watch: Arc::new(watch::channel(0).0) }
    }

    /// Number of commits so far; pass it to [`CommitNotifier::wait`].
    pub fn generation(&self) -> u64 {
        *self.count.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has rung since `rung` was read, at most `limit`.
    pub fn wait(&self, rung: u64, limit: Duration) {
        let count = self.count.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.count.1.wait_timeout_while(count, limit, |now| *now == rung);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// For async waiters.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.watch.subscribe()
    }

    /// Notifies without a commit, to wake sleeping workers (stop, or a manual clock that moved).
    pub fn notify(&self) {
        let mut count = self.count.0.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.wrapping_add(1);
        self.watch.send_replace(*count);
        self.count.1.notify_all();
    }
}

impl Writer {
    /// Starts the thread on an open, migrated connection.
    pub(super) fn start(conn: Connection, clock: Clock) -> Result<Self> {
        let (jobs, queue) = channel();
        let notifier = CommitNotifier::new();
        let ring = notifier.clone();
        let demand = EventDemand::default();
        let hears = demand.clone();
        let thread =
            thread::Builder::new().name("writer".into()).spawn(move || run(&conn, &clock, &queue, &ring, &hears))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), commit_notifier: notifier, event_demand: demand })
    }

    pub(super) fn commit_notifier(&self) -> &CommitNotifier {
        &self.commit_notifier
    }

    pub(super) fn event_demand(&self) -> &EventDemand {
        &self.event_demand
    }

    /// Sends `act` to the writer thread; the returned handle waits for the commit of its batch.
    pub(super) fn submit<T, F>(&self, act: F) -> PendingWrite<T>
    where
        T: Send + 'static,
        F: FnOnce(&Write<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, result) = sync_channel(1);
        // The writer thread would wait for itself forever.
        if self.thread.as_ref().is_some_and(|thread| thread.thread().id() == thread::current().id()) {
            drop(reply.send(Err(Error::internal("a write was started inside another write; nothing of it was saved"))));
            return PendingWrite { result };
        }
        let job: WriteJob = Box::new(move |w| {
            let outcome = match w {
                Some(w) => catch_unwind(AssertUnwindSafe(|| act(w)))
                    .unwrap_or_else(|_| Err(Error::internal("an act panicked; nothing of it was kept"))),
                None => Err(Error::internal("not saved: no transaction could be opened")),
            };
            let keep = outcome.is_ok();
            let answer = move |lost: Option<Error>| {
                // The caller may be gone (a dropped connection); the write is committed all the same.
                drop(reply.send(match (outcome, lost) {
                    (Ok(_), Some(error)) => Err(error),
                    (outcome, _) => outcome,
                }));
            };
            FinishedJob { keep, answer: Box::new(answer) }
        });
        // Sending to a closed store drops the job, and with it the sender of the result: wait() then returns an error.
        drop(self.jobs.as_ref().map(|jobs| jobs.send(job)));
        PendingWrite { result }
    }
}

/// A write on its way to disk.
#[must_use = "an act has only happened once its ticket says so"]
pub struct PendingWrite<T> {
    result: Receiver<Result<T>>,
}

impl<T> PendingWrite<T> {
    /// Waits until the write is on disk; Err when it is not, for whatever reason.
    pub fn wait(self) -> Result<T> {
        self.result.recv().map_err(|_| Error::internal("the store is closed"))?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread had panicked");
        }
    }
}

fn run(conn: &Connection, clock: &Clock, queue: &Receiver<WriteJob>, notifier: &CommitNotifier, demand: &EventDemand) {
    while let Ok(first) = queue.recv() {
        batch(conn, clock, first, queue, (notifier, demand));
    }
}

/// One transaction: runs `first` and all waiting writes, commits, notifies, reports. A caller that got its result finds
/// the generation raised: older reads are stale.
fn batch(
    conn: &Connection,
    clock: &Clock,
    first: WriteJob,
    queue: &Receiver<WriteJob>,
    (notifier, demand): (&CommitNotifier, &EventDemand),
) {
    let changes = conn.total_changes();
    if let Err(error) = conn.execute_batch("BEGIN IMMEDIATE") {
        tracing::error!(%error, "no transaction could be opened");
        (first(None).answer)(None);
        return;
    }
    let mut answers: Vec<WriteResult> = Vec::new();
    let mut next = Some(first);
    while let Some(job) = next {
        let (answer, lost) = step(conn, clock, job, demand);
        answers.push(answer);
        if let Err(why) = lost {
            return fail_batch(conn, answers, &why);
        }
        next = if answers.len() < MAX_WRITES_PER_TRANSACTION { queue.try_recv().ok() } else { None };
    }
    match conn.execute_batch("COMMIT") {
        Ok(()) => {
            if conn.total_changes() != changes {
                notifier.notify();
            }
            answers.into_iter().for_each(|answer| answer(None));
        }
        Err(error) => fail_batch(conn, answers, &error.to_string()),
    }
}

/// One act in its savepoint. The second half is Err when the whole transaction is lost with it.
fn step(conn: &Connection, clock: &Clock, job: WriteJob, demand: &EventDemand) -> (WriteResult, Result<(), String>) {
    if let Err(error) = conn.execute_batch("SAVEPOINT act") {
        return (job(None).answer, Err(error.to_string()));
    }
    let ran = job(Some(&Write::new(conn, clock.now(), demand)));
    if conn.is_autocommit() {
        return (ran.answer, Err("SQLite ended the transaction (disk full or I/O error)".to_owned()));
    }
    let end = if ran.keep { "RELEASE act" } else { "ROLLBACK TO act; RELEASE act" };
    (ran.answer, conn.execute_batch(end).map_err(|error| error.to_string()))
}

/// Fails the whole batch; every caller that believed it had succeeded gets the error.
fn fail_batch(conn: &Connection, answers: Vec<WriteResult>, why: &str) {
    tracing::error!(why, acts = answers.len(), "a transaction was lost");
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "rollback");
    }
    for answer in answers {
        answer(Some(Error::internal(format!("not saved: {why}"))));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn writer() -> Writer {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE note (n INTEGER PRIMARY KEY CHECK (n < 100))").unwrap();
        Writer::start(conn, Clock::system()).unwrap()
    }

    impl Writer {
        fn write<T: Send + 'static>(&self, act: impl FnOnce(&Write<'_>) -> Result<T> + Send + 'static) -> Result<T> {
            self.submit(act).wait()
        }
    }

    fn add(writer: &Writer, n: i64) -> Result<()> {
        writer.submit(move |w| Ok(w.conn.execute("INSERT INTO note VALUES (?1)", [n]).map(drop)?)).wait()
    }

    fn sum(writer: &Writer) -> i64 {
        writer.submit(|w| Ok(w.conn.query_row("SELECT ifnull(sum(n), 0) FROM note", [], |r| r.get(0))?)).wait().unwrap()
    }

    type Other<'a> = Box<dyn FnOnce(&Writer) + Send + 'a>;

    /// Holds the writer inside an act while `others` queue up behind it, so that all share one transaction.
    fn together(writer: &Writer, others: Vec<Other<'_>>) {
        let (entered, is_in) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(|| {
                writer.write(move |_| {
                    entered.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                })
            });
            is_in.recv().unwrap();
            let (queued, count) = mpsc::channel();
            let n = others.len();
            for other in others {
                let queued = queued.clone();
                scope.spawn(move || {
                    queued.send(()).unwrap();
                    other(writer);
                });
            }
            for _ in 0..n {
                count.recv().unwrap();
            }
            release.send(()).unwrap();
        });
    }

    #[test]
    fn a_failing_act_leaves_its_neighbours_alone() {
        let w = writer();
        together(
            &w,
            vec![
                Box::new(|w| add(w, 1).unwrap()),
                Box::new(|w| {
                    let lost: Result<()> = w.write(|w| {
                        w.conn.execute("INSERT INTO note VALUES (50)", [])?;
                        Err(Error::invalid("changed my mind"))
                    });
                    assert_eq!(lost.unwrap_err().to_string(), "changed my mind");
                }),
                Box::new(|w| assert!(matches!(add(w, 100), Err(Error::Conflict(_))))),
                Box::new(|w| add(w, 2).unwrap()),
            ],
        );
        assert_eq!(sum(&w), 3);
    }

    #[test]
    fn a_write_inside_a_write_is_an_error_at_once() {
        let w = std::sync::Arc::new(writer());
        let inner = w.clone();
        let outer = w.write(move |_| {
            let nested = inner.write(|w| Ok(w.conn.execute("INSERT INTO note VALUES (8)", [])?));
            assert!(nested.unwrap_err().to_string().contains("inside another write"));
            // The last handle must not be dropped on the writer thread, which would join itself.
            Ok(inner)
        });
        drop(outer.unwrap());
        add(&w, 3).unwrap();
        assert_eq!(sum(&w), 3, "the writer goes on, and nothing of the nested write is there");
    }

    #[test]
    fn a_panicking_act_is_an_error_to_its_caller_only() {
        let w = writer();
        let lost: Result<()> = w.write(|w| {
            w.conn.execute("INSERT INTO note VALUES (7)", [])?;
            panic!("on purpose")
        });
        assert!(matches!(lost, Err(Error::Internal(_))));
        add(&w, 1).unwrap();
        assert_eq!(sum(&w), 1);
    }

    #[test]
    fn when_the_transaction_ends_under_an_act_nobody_is_told_it_was_saved() {
        let w = writer();
        let lost: Result<()> = w.write(|w| {
            w.conn.execute("INSERT INTO note VALUES (9)", [])?;
            w.conn.execute_batch("ROLLBACK")?;
            Ok(())
        });
        assert!(matches!(lost, Err(Error::Internal(_))));
        add(&w, 4).unwrap();
        assert_eq!(sum(&w), 4);
    }

    #[test]
    fn neighbours_of_a_lost_transaction_hear_of_it_or_stay() {
        let w = writer();
        let results = Mutex::new(Vec::new());
        let note = |n: i64, r: Result<()>| results.lock().unwrap().push((n, r.is_ok()));
        together(
            &w,
            vec![
                Box::new(|w| note(1, add(w, 1))),
                Box::new(|w| drop(w.write(|w| Ok(w.conn.execute_batch("ROLLBACK")?)))),
                Box::new(|w| note(2, add(w, 2))),
            ],
        );
        let told: i64 = results.lock().unwrap().iter().filter(|(_, ok)| *ok).map(|(n, _)| n).sum();
        assert_eq!(sum(&w), told, "exactly what was answered with Ok is there");
    }
}

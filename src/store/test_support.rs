//! Test support: a store in a folder of its own that is removed with it, and a manual clock.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Store;
use crate::base::{Clock, Time};

/// An empty store.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    folder: PathBuf,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("hytte-scratch-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        let clock = Clock::manual(Time::from_secs(1_763_884_800));
        let store = Store::open(&folder, clock.clone()).expect("a new folder can be opened");
        Self { store, clock, folder }
    }

    /// The folder, to be removed by the caller.
    pub(crate) fn keep_folder(mut self) -> PathBuf {
        std::mem::take(&mut self.folder)
    }

    /// Closes and reopens the store, as a restart would.
    pub(crate) fn reopen(&mut self) {
        let elsewhere = TestStore::new();
        drop(std::mem::replace(&mut self.store, elsewhere.store.clone()));
        self.store = Store::open(&self.folder, self.clock.clone()).expect("nobody else has it open");
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if !self.folder.as_os_str().is_empty() {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}

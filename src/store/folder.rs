//! The data folder: readable by its owner only, and locked by one process at a time.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::base::{Error, Result};

/// Locks the folder, creating it (mode 0700) when it does not exist.
pub(super) fn lock(folder: &Path) -> Result<File> {
    private_dir(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("hytte.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::Conflict(format!("{} is in use by another hytte", folder.display())))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Creates a folder that only its owner can read.
pub(super) fn private_dir(folder: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if !folder.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

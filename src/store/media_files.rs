//! Media files in `media/`. Names are derived from the content and our secret, never taken from a request.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use ring::hmac;
use rusqlite::{OptionalExtension, params};

use super::{Read, Store, Write, column, node};
use crate::base::{Error, Result, Time};

/// Hex digits of a file's name: 128 bits of its HMAC-SHA-256.
const NAME_DIGITS: usize = 32;

/// A name in `media/`: hex digits and an ending we chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFileName(String);

impl MediaFileName {
    /// Parses a name from a URL or a row. NotFound for anything we could not have made.
    pub fn parse(text: &str) -> Result<Self> {
        let (stem, ending) = text.split_once('.').ok_or(Error::NotFound)?;
        let ok = stem.len() == NAME_DIGITS
            && stem.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            && FILE_EXTENSIONS.iter().any(|(_, e)| *e == ending);
        if ok { Ok(Self(text.to_owned())) } else { Err(Error::NotFound) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one content type this file is ever served with.
    pub fn media_type(&self) -> &'static str {
        let ending = self.0.rsplit('.').next().unwrap_or_default();
        FILE_EXTENSIONS.iter().find(|(_, e)| *e == ending).map_or("application/octet-stream", |(t, _)| t)
    }
}

/// The only types we keep and serve, with their file endings.
const FILE_EXTENSIONS: [(&str, &str); 12] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
    ("audio/mpeg", "mp3"),
    ("audio/ogg", "ogg"),
    ("audio/flac", "flac"),
    ("audio/wav", "wav"),
    ("audio/mp4", "m4a"),
    ("audio/webm", "weba"),
];

/// Writes `bytes` to `media/`, safely on the disk before this returns. The same bytes give the same name.
pub fn store(store: &Store, bytes: &[u8], media_type: &str) -> Result<MediaFileName> {
    let ending = FILE_EXTENSIONS.iter().find(|(t, _)| *t == media_type).map(|(_, e)| *e);
    let ending = ending.ok_or_else(|| Error::invalid(format!("{media_type} files are not kept here")))?;
    let secret = store.read(node::get).map(|node| node.secret).unwrap_or_default();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), bytes);
    let stem: String = mac.as_ref().iter().map(|b| format!("{b:02x}")).take(NAME_DIGITS / 2).collect();
    let name = MediaFileName(format!("{stem}.{ending}"));
    let path = path(store, &name);
    if let Ok(file) = File::options().write(true).open(&path) {
        // refreshed: the sweep must not remove it before a row refers to it
        file.set_modified(UNIX_EPOCH + Duration::from_millis(u64::try_from(store.clock().now().ms()).unwrap_or(0)))?;
        return Ok(name);
    }
    let folder = path.parent().ok_or_else(|| Error::internal("media/ has no parent"))?;
    super::folder::private_dir(folder)?;
    let half = folder.join(format!("{}.half-{}", name.0, std::process::id()));
    let written = (|| {
        let mut file = File::create(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&half, &path)?;
        File::open(folder)?.sync_all()
    })();
    if let Err(error) = written {
        drop(fs::remove_file(&half));
        return Err(error.into());
    }
    Ok(name)
}

/// Where a file is.
pub fn path(store: &Store, name: &MediaFileName) -> PathBuf {
    let shelf: String = name.0.chars().take(2).collect();
    store.folder().join("media").join(shelf).join(&name.0)
}

/// Removes a file if no row names it any more.
pub fn remove_unreferenced(store: &Store, name: &MediaFileName) -> Result<()> {
    if store.read(|r| is_referenced(r, name))? {
        return Ok(());
    }
    match fs::remove_file(path(store, name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Folders in `media/`: one for each first byte of a name.
pub const MEDIA_FOLDERS: u32 = 256;

/// Removes files in one folder (below [`MEDIA_FOLDERS`]) that no row refers to and that are older than `before`: unused
/// uploads, images of deleted posts, partial files from before a power cut. Returns how many.
pub fn sweep(store: &Store, shelf: u32, before: Time) -> Result<usize> {
    let folder = store.folder().join("media").join(format!("{shelf:02x}"));
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let age = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let written_at = Time::from_ms(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let name = entry.file_name().to_str().map(MediaFileName::parse);
        let named = match name {
            Some(Ok(name)) => store.read(|r| is_referenced(r, &name))?,
            _ => false,
        };
        if written_at < before && !named {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_referenced(r: &Read<'_>, name: &MediaFileName) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM attachment WHERE file = ?1 OR preview = ?1)
             OR EXISTS (SELECT 1 FROM actor WHERE id IN (SELECT actor_id FROM own_key) AND (icon = ?1 OR image = ?1))
             OR EXISTS (SELECT 1 FROM own_emoji WHERE file = ?1)
             OR EXISTS (SELECT 1 FROM proxied WHERE file = ?1)",
    )?;
    Ok(statement.query_one([name.as_str()], |row| row.get(0))?)
}

/// Whether visitors may fetch a file: it is the owner's profile image, or belongs to a post of the owner's.
pub fn is_public(r: &Read<'_>, name: &MediaFileName) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM attachment WHERE file = ?1 OR preview = ?1)
             OR EXISTS (SELECT 1 FROM actor WHERE id IN (SELECT actor_id FROM own_key) AND (icon = ?1 OR image = ?1))
             OR EXISTS (SELECT 1 FROM own_emoji WHERE file = ?1)",
    )?;
    Ok(statement.query_one([name.as_str()], |row| row.get(0))?)
}

/// The cached file of a remote image, if there is one.
pub fn proxied_path(r: &Read<'_>, url: &str) -> Result<Option<MediaFileName>> {
    let mut statement = r.conn.prepare_cached("SELECT file FROM proxied WHERE url = ?1")?;
    let file: Option<String> = statement.query_one([url], |row| column(row, "file")).optional()?;
    Ok(file.and_then(|file| MediaFileName::parse(&file).ok()))
}

/// Records a cached image, or its use. Returns files to remove so that the cache stays below `cap` bytes, least
/// recently used first.
pub fn store_proxied(
    w: &Write<'_>,
    url: &str,
    name: &MediaFileName,
    bytes: u64,
    cap: u64,
) -> Result<Vec<MediaFileName>> {
    w.conn.execute(
        "INSERT INTO proxied (url, file, media_type, bytes, used_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET file = excluded.file, bytes = excluded.bytes, used_at = excluded.used_at",
        params![url, name.as_str(), name.media_type(), i64::try_from(bytes).unwrap_or(i64::MAX), w.now],
    )?;
    let cap = i64::try_from(cap).unwrap_or(i64::MAX);
    let mut evicted = Vec::new();
    loop {
        let mut total = w.conn.prepare_cached("SELECT ifnull(sum(bytes), 0) FROM proxied")?;
        let total: i64 = total.query_one([], |row| row.get(0))?;
        if total <= cap {
            return Ok(evicted);
        }
        let mut oldest = w.conn.prepare_cached(
            "DELETE FROM proxied WHERE url = (SELECT url FROM proxied WHERE url <> ?1 ORDER BY used_at LIMIT 1)
             RETURNING file",
        )?;
        match oldest.query_one([url], |row| column::<String>(row, "file")).optional()? {
            Some(file) => evicted.extend(MediaFileName::parse(&file)),
            None => return Ok(evicted),
        }
    }
}

/// Notes that a cached image was looked at.
pub fn touch_proxied(w: &Write<'_>, url: &str) -> Result<()> {
    w.conn.execute("UPDATE proxied SET used_at = ?2 WHERE url = ?1", params![url, w.now])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    #[test]
    fn a_sweep_takes_only_what_is_old_and_nobody_names() {
        let s = TestStore::new();
        let [old, new, named] =
            ["old", "new", "named"].map(|text| store(&s.store, text.as_bytes(), "image/png").unwrap());
        let url = "https://peer.example/picture";
        let kept = named.clone();
        s.store.write(move |w| store_proxied(w, url, &kept, 5, 100)).unwrap();
        let half = path(&s.store, &old).with_extension("png.half-1");
        File::create(&half).unwrap();
        for file in [path(&s.store, &old), path(&s.store, &new), path(&s.store, &named), half.clone()] {
            File::options().write(true).open(file).unwrap().set_modified(UNIX_EPOCH).unwrap();
        }
        assert_eq!(store(&s.store, b"new", "image/png").unwrap(), new, "uploaded again");
        let before = s.clock.now().minus(Duration::from_secs(1));
        let removed: usize = (0..MEDIA_FOLDERS).map(|shelf| sweep(&s.store, shelf, before).unwrap()).sum();
        assert_eq!(removed, 2);
        assert!(!half.exists() && !path(&s.store, &old).exists());
        assert!(path(&s.store, &new).exists() && path(&s.store, &named).exists());
    }
}

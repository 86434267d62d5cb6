//! Byte ranges of a remote file, for players that read a video through our proxy. Bounded in size and memory.

use std::time::Duration;

use ureq::http::Method;
use url::Url;

use super::client::{ClientRequest, ClientResponse, exchange};
use super::fetch::{FetchState, HostFilter};
use super::{Net, NetError};

/// Bytes of one piece.
pub const MAX_RANGE_BYTES: usize = 1024 * 1024;
/// How many redirects are followed: object stores stand behind one.
const MAX_HOPS: usize = 3;
/// How much later a Retry-After may count; pieces are never asked for again by themselves.
const NO_WAIT: Option<Duration> = None;

/// A received range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteRange {
    /// The bytes, from where they were asked for; fewer than asked only at the end.
    pub bytes: Vec<u8>,
    /// The size of the whole file.
    pub whole: u64,
    /// The declared media type: lower case, without parameters.
    pub media_type: String,
}

impl Net {
    /// Fetches at most `length` (and [`PIECE`]) bytes of a file, from `from` on. TooBig where the server knows no ranges and
    /// the file is larger than a piece.
    pub fn fetch_range(
        &self,
        url: &str,
        from: u64,
        length: usize,
        gate: HostFilter<'_>,
    ) -> Result<ByteRange, NetError> {
        let mut trip = FetchState::start();
        let mut url = self.check(url)?;
        let length = length.clamp(1, MAX_RANGE_BYTES);
        let last = from.saturating_add(length as u64 - 1);
        let mut seen: Vec<Url> = Vec::new();
        loop {
            let headers = vec![
                ("accept".to_owned(), "video/*, audio/*, */*;q=0.1".to_owned()),
                ("range".to_owned(), format!("bytes={from}-{last}")),
                // Ranges count in what is sent: compressed bytes would be another file.
                ("accept-encoding".to_owned(), "identity".to_owned()),
            ];
            let ask = ClientRequest { method: Method::GET, url: &url, headers, body: None, limit: MAX_RANGE_BYTES };
            let reply = trip.hop(&url, gate, |watch| exchange(&self.agent, ask, watch, self.limits))?;
            match reply.code {
                200 | 206 => return read(&url, reply, from, length),
                301 | 302 | 303 | 307 | 308 => url = self.hop(url, &reply, &mut seen, MAX_HOPS)?,
                code => return Err(NetError::Status { host: host(&url), code, retry_after: NO_WAIT }),
            }
        }
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn read(url: &Url, mut reply: ClientResponse, from: u64, length: usize) -> Result<ByteRange, NetError> {
    let odd = |why: &str| NetError::BadContent { host: host(url), why: why.to_owned() };
    let said = reply.header("content-type").unwrap_or_default();
    let media_type = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut bytes = std::mem::take(&mut reply.body);
    if bytes.is_empty() {
        return Err(odd("there is nothing in the file"));
    }
    let range = reply.code == 206;
    let whole = if range {
        let said = reply.header("content-range").unwrap_or_default();
        let (start, whole) = content_range(&said).ok_or_else(|| odd("a piece without a size"))?;
        if start != from {
            return Err(odd("another piece than was asked for"));
        }
        bytes.truncate(length);
        whole
    } else {
        // It knows no ranges; the file is small enough to cut the piece out here.
        let whole = bytes.len() as u64;
        let skip = usize::try_from(from).unwrap_or(usize::MAX);
        if skip >= bytes.len() {
            return Err(NetError::Status { host: host(url), code: 416, retry_after: NO_WAIT });
        }
        bytes.drain(..skip);
        bytes.truncate(length);
        whole
    };
    if from.saturating_add(bytes.len() as u64) > whole {
        return Err(odd("a piece that is larger than its file"));
    }
    Ok(ByteRange { bytes, whole, media_type })
}

/// The first byte and the size of the whole, of `bytes 0-99/1234`.
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, whole) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.trim().parse().ok()?, whole.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::net::test_support::{TestPeer, net, response};

    fn film() -> Vec<u8> {
        (0..3000u32).map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn a_film_comes_in_pieces() {
        let peer = TestPeer::start(|seen| {
            let range = seen.header("range").strip_prefix("bytes=").and_then(|r| r.split_once('-')).unwrap();
            let (from, to): (usize, usize) = (range.0.parse().unwrap(), range.1.parse().unwrap());
            let to = to.min(2999);
            match seen.target.as_str() {
                "/moved" => response(302, &["location: /film.mp4"], b""),
                "/whole" => response(200, &["content-type: Video/MP4; x=1"], &film()),
                "/endless" => response(200, &["content-type: video/mp4"], &vec![0; MAX_RANGE_BYTES + 1]),
                "/other" => response(206, &["content-range: bytes 7-9/3000"], b"abc"),
                "/shy" => response(206, &[], b"abc"),
                "/lies" => response(206, &["content-range: bytes 0-9/2"], b"abcdefghij"),
                _ => {
                    let said = format!("content-range: bytes {from}-{to}/3000");
                    response(206, &["content-type: video/mp4", &said], &film()[from..=to])
                }
            }
        });
        let net = net(&[("films.example", peer.address)]);
        let ask = |path: &str, from, length| {
            net.fetch_range(&format!("http://films.example{path}"), from, length, &|_| Ok(()))
        };
        let piece = ask("/film.mp4", 1000, 500).unwrap();
        assert_eq!((piece.bytes.as_slice(), piece.whole), (&film()[1000..1500], 3000));
        assert_eq!(ask("/moved", 2900, MAX_RANGE_BYTES).unwrap().bytes, film()[2900..]);
        let whole = ask("/whole", 10, 20).unwrap();
        assert_eq!(
            (whole.bytes.as_slice(), whole.whole, whole.media_type.as_str()),
            (&film()[10..30], 3000, "video/mp4")
        );
        assert!(matches!(ask("/whole", 3000, 1), Err(NetError::Status { code: 416, .. })));
        assert!(matches!(ask("/endless", 0, 10), Err(NetError::TooBig { .. })));
        for odd in ["/other", "/shy", "/lies"] {
            assert!(matches!(ask(odd, 0, 10), Err(NetError::BadContent { .. })), "{odd}");
        }
        assert!(peer.seen().iter().all(|seen| seen.header("accept-encoding") == "identity"));
        assert!(
            ask("/film.mp4", 0, 1).is_ok() && net.fetch_range("http://127.0.0.1/film.mp4", 0, 1, &|_| Ok(())).is_err()
        );
    }
}

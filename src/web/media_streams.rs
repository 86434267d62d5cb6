//! Audio and video: byte ranges from disk or through the proxy. No file is read into memory whole.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::header::{self, EntityTag};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::stream;
use tokio::sync::Semaphore;

use super::auth::Owner;
use super::blocking::{self, PageError};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::remote::media_proxy;
use crate::net::{ByteRange, MAX_RANGE_BYTES, NetError};
use crate::store::media_files::{self, MediaFileName};

/// `Content-Security-Policy` of media files: whatever they contain, a browser must run none of it.
pub(super) const MEDIA_CSP: &str = "default-src 'none'; sandbox";
/// How long a request for remote media waits for a permit to fetch it.
pub(super) const FETCH_QUEUE_TIMEOUT: Duration = Duration::from_secs(25);
/// Bytes read from the disk at a time.
const READ_CHUNK_BYTES: usize = 128 * 1024;
/// Maximum number of byte ranges of remote media that are fetched at once.
const MAX_CONCURRENT_RANGE_FETCHES: usize = 4;
/// Maximum size of a remote file that is played through the proxy.
const MAX_STREAMED_FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Declared media types of remote files that are played.
const PLAYABLE_TYPES: [&str; 12] = [
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/quicktime",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/ogg",
    "audio/webm",
    "audio/flac",
    "audio/wav",
    "audio/x-wav",
];

/// Limits concurrent fetches of byte ranges.
#[derive(Debug)]
pub struct StreamPermits(Semaphore);

impl Default for StreamPermits {
    fn default() -> Self {
        Self(Semaphore::new(MAX_CONCURRENT_RANGE_FETCHES))
    }
}

/// The requested part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RangeSelection {
    /// The whole file.
    Whole,
    /// From the first to the last byte, both included.
    Part(u64, u64),
    /// A range that lies outside the file.
    Unsatisfiable,
}

/// Parses a `Range` header for a file of this size. Several ranges, or another unit, get the whole file.
fn select_range(range: Option<&str>, size: u64) -> RangeSelection {
    let parts = range.and_then(|r| r.trim().strip_prefix("bytes=")).filter(|r| !r.contains(','));
    let Some((from, to)) = parts.and_then(|r| r.split_once('-')) else { return RangeSelection::Whole };
    let last = size.saturating_sub(1);
    let (from, to) = match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(to)) => (from, to.min(last)),
        (Ok(from), Err(_)) if to.trim().is_empty() => (from, last),
        (Err(_), Ok(n)) if from.trim().is_empty() => (size.saturating_sub(n), if n == 0 { 0 } else { last }),
        _ => return RangeSelection::Whole,
    };
    if from > to || from > last || (from == to && size == 0) {
        RangeSelection::Unsatisfiable
    } else {
        RangeSelection::Part(from, to)
    }
}

fn range_header(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::RANGE).and_then(|value| value.to_str().ok())
}

/// The owner's audio or video, whole or a byte range, streamed from disk.
pub(super) async fn own_media(
    request: &HttpRequest,
    node: &web::Data<Node>,
    name: &MediaFileName,
    kept: &'static str,
) -> Result<HttpResponse, PageError> {
    let tag = EntityTag::new_strong(name.as_str().to_owned());
    if blocking::client_has_version(request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header(header::ETag(tag)).finish());
    }
    let asked = name.clone();
    let opened = blocking::run_blocking(node, move |node| match File::open(media_files::path(&node.store, &asked)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::NotFound),
        file => {
            let file = file?;
            let size = file.metadata()?.len();
            Ok((file, size))
        }
    });
    let (mut file, size) = opened.await?;
    let (mut response, from, length) = match select_range(range_header(request), size) {
        RangeSelection::Whole => (HttpResponse::Ok(), 0, size),
        RangeSelection::Part(from, to) => {
            let mut response = HttpResponse::PartialContent();
            response.insert_header((header::CONTENT_RANGE, format!("bytes {from}-{to}/{size}")));
            (response, from, to - from + 1)
        }
        RangeSelection::Unsatisfiable => return Ok(not_satisfiable(size)),
    };
    if from > 0 {
        file.seek(SeekFrom::Start(from)).map_err(Error::from)?;
    }
    add_media_headers(&mut response, name.media_type(), kept);
    response.insert_header(header::ETag(tag)).insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    Ok(response.body(SizedStream::new(length, file_chunks(file, length))))
}

/// The next `left` bytes of a file, read on blocking threads as fast as the client takes them.
fn file_chunks(file: File, left: u64) -> impl stream::Stream<Item = Result<web::Bytes, actix_web::Error>> {
    stream::unfold(Some((file, left)), |state| async move {
        let (mut file, left) = state.filter(|(_, left)| *left > 0)?;
        let read = web::block(move || {
            let mut buffer = vec![0; READ_CHUNK_BYTES.min(usize::try_from(left).unwrap_or(READ_CHUNK_BYTES))];
            file.read_exact(&mut buffer).map(|()| (file, buffer))
        });
        match read.await {
            Ok(Ok((file, buffer))) => {
                let left = left - buffer.len() as u64;
                Some((Ok(web::Bytes::from(buffer)), Some((file, left))))
            }
            Ok(Err(error)) => Some((Err(error.into()), None)),
            Err(error) => Some((Err(error.into()), None)),
        }
    })
}

fn not_satisfiable(size: u64) -> HttpResponse {
    HttpResponse::RangeNotSatisfiable().insert_header((header::CONTENT_RANGE, format!("bytes */{size}"))).finish()
}

fn add_media_headers(response: &mut HttpResponseBuilder, media_type: &str, kept: &'static str) {
    response
        .content_type(media_type)
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, kept))
        .insert_header((header::CONTENT_SECURITY_POLICY, MEDIA_CSP))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_DISPOSITION, "inline"));
}

/// The path on this server that plays remote audio or video; only for the owner's pages.
pub fn stream_path(node: &Node, url: &str) -> String {
    crate::federation::remote::media_proxy::path(node, url).replacen("/proxy/", "/stream/", 1)
}

/// `GET /stream/{mac}/{url}`: a byte range of remote audio or video. For the owner only: others would use our
/// bandwidth. Players request the next range by themselves. A request for the whole of a large file is redirected to
/// its own server.
pub async fn remote_media(
    request: HttpRequest,
    node: web::Data<Node>,
    _: Owner,
    turns: web::Data<StreamPermits>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let url = media_proxy::url(&node, &path.0, &path.1)?;
    let range = range_header(&request).map(str::to_owned);
    let asked = parse_requested_range(range.as_deref());
    let turn = tokio::time::timeout(FETCH_QUEUE_TIMEOUT, turns.0.acquire()).await;
    let _turn = turn.map_err(|_| Error::Busy)?.map_err(Error::internal)?;
    let place = url.clone();
    let piece = blocking::run_blocking(&node, move |node| Ok(fetch_range(node, &place, asked)));
    let (piece, from) = match piece.await? {
        Ok(found) => found,
        Err(NetError::Status { code: 416, .. }) => return Ok(HttpResponse::RangeNotSatisfiable().finish()),
        Err(error) => {
            tracing::debug!(%error, url, "cannot fetch a range of remote media");
            return Err(Error::NotFound.into());
        }
    };
    let Some(media_type) = playable_type(&piece.media_type, &url).filter(|_| piece.whole <= MAX_STREAMED_FILE_BYTES)
    else {
        return Err(Error::NotFound.into());
    };
    let (last, complete) = (from + piece.bytes.len() as u64 - 1, from == 0 && piece.bytes.len() as u64 == piece.whole);
    if range.is_none() && !complete {
        return Ok(HttpResponse::Found().insert_header((header::LOCATION, url)).finish());
    }
    let mut response = if range.is_none() { HttpResponse::Ok() } else { HttpResponse::PartialContent() };
    if range.is_some() {
        response.insert_header((header::CONTENT_RANGE, format!("bytes {from}-{last}/{}", piece.whole)));
    }
    add_media_headers(&mut response, media_type, "private, max-age=3600");
    Ok(response.body(piece.bytes))
}

/// A requested range of a file of unknown size.
#[derive(Debug, Clone, Copy)]
enum RequestedRange {
    /// This many bytes from an offset.
    From(u64, usize),
    /// This many bytes from the end.
    Last(u64),
}

fn parse_requested_range(range: Option<&str>) -> RequestedRange {
    let from_end = range.and_then(|r| r.trim().strip_prefix("bytes=-")).and_then(|n| n.trim().parse().ok());
    match (from_end, select_range(range, u64::MAX)) {
        (Some(n), _) => RequestedRange::Last(n),
        (None, RangeSelection::Part(from, to)) => {
            RequestedRange::From(from, usize::try_from((to - from).saturating_add(1)).unwrap_or(MAX_RANGE_BYTES))
        }
        (None, RangeSelection::Whole | RangeSelection::Unsatisfiable) => RequestedRange::From(0, MAX_RANGE_BYTES),
    }
}

/// Fetches a range; returns it with its offset. A range from the end needs two requests: the first gets the size.
fn fetch_range(node: &Node, url: &str, asked: RequestedRange) -> Result<(ByteRange, u64), NetError> {
    let gate = |host: &str| node.check_host_allowed(host);
    let (from, length) = match asked {
        RequestedRange::From(from, length) => (from, length),
        RequestedRange::Last(n) => (node.net.fetch_range(url, 0, 1, &gate)?.whole.saturating_sub(n), MAX_RANGE_BYTES),
    };
    node.net.fetch_range(url, from, length, &gate).map(|piece| (piece, from))
}

/// The media type for the player: as declared by the remote server, else by the file extension. None when it is not
/// played.
fn playable_type(said: &str, url: &str) -> Option<&'static str> {
    if let Some(known) = PLAYABLE_TYPES.iter().find(|known| **known == said) {
        return Some(known);
    }
    if !matches!(said, "" | "application/octet-stream" | "binary/octet-stream") {
        return None;
    }
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    Some(match path.rsplit('.').next()? {
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::net::SocketAddr;

    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::federation::owner::login;
    use crate::net::test_support::{TestPeer, response};
    use crate::web::auth;
    use crate::web::test_support::TestServer;

    #[test]
    fn ranges_are_read_as_players_write_them() {
        for (range, found) in [
            (None, RangeSelection::Whole),
            (Some("bytes=0-"), RangeSelection::Part(0, 99)),
            (Some("bytes=10-19"), RangeSelection::Part(10, 19)),
            (Some("bytes=90-500"), RangeSelection::Part(90, 99)),
            (Some("bytes=-10"), RangeSelection::Part(90, 99)),
            (Some("bytes=-500"), RangeSelection::Part(0, 99)),
            (Some("bytes=100-"), RangeSelection::Unsatisfiable),
            (Some("bytes=-0"), RangeSelection::Unsatisfiable),
            (Some("bytes=5-2"), RangeSelection::Unsatisfiable),
            (Some("bytes=0-1,5-6"), RangeSelection::Whole),
            (Some("lines=1-2"), RangeSelection::Whole),
            (Some("bytes=x-"), RangeSelection::Whole),
        ] {
            assert_eq!(select_range(range, 100), found, "{range:?}");
        }
        assert_eq!(select_range(Some("bytes=0-0"), 0), RangeSelection::Unsatisfiable);
    }

    #[actix_web::test]
    async fn a_remote_film_plays_for_the_owner_and_for_nobody_else() {
        let film: Vec<u8> = (0..MAX_RANGE_BYTES as u32 + 500).map(|n| (n % 251) as u8).collect();
        let served = film.clone();
        let peer = TestPeer::start(move |seen| {
            let range = seen.header("range").strip_prefix("bytes=").and_then(|r| r.split_once('-')).unwrap();
            let (from, to): (usize, usize) = (range.0.parse().unwrap(), range.1.parse().unwrap());
            let to = to.min(served.len() - 1);
            let kind = if seen.target == "/page" { "text/html" } else { "video/mp4" };
            let said = format!("content-range: bytes {from}-{to}/{}", served.len());
            response(206, &[&format!("content-type: {kind}"), &said], &served[from..=to])
        });
        let world: [(&str, SocketAddr); 1] = [("films.example", peer.address)];
        let house = TestServer::with_hosts(&world);
        let cookie = format!("{}={}", auth::SESSION_COOKIE, login::open_session(&house.node.store, "a test").unwrap());
        let path = stream_path(&house.node, "http://films.example/film.mp4");
        let ask = async |path: &str, range: Option<&str>| {
            let mut request = TestRequest::get().uri(path).insert_header(("Cookie", cookie.as_str()));
            if let Some(range) = range {
                request = request.insert_header(("Range", range));
            }
            house.call(request).await
        };
        let first = ask(&path, Some("bytes=0-")).await;
        assert_eq!((first.code, first.header("content-type")), (StatusCode::PARTIAL_CONTENT, "video/mp4"));
        assert_eq!(first.header("content-range"), format!("bytes 0-{}/{}", MAX_RANGE_BYTES - 1, film.len()));
        assert_eq!(first.body, film[..MAX_RANGE_BYTES]);
        assert_eq!(first.header("content-security-policy"), MEDIA_CSP);
        assert_eq!(ask(&path, Some(&format!("bytes={MAX_RANGE_BYTES}-"))).await.body, film[MAX_RANGE_BYTES..]);
        let end = ask(&path, Some("bytes=-100")).await;
        assert_eq!(end.body, film[film.len() - 100..]);
        let whole = ask(&path, None).await;
        assert_eq!((whole.code, whole.header("location")), (StatusCode::FOUND, "http://films.example/film.mp4"));
        let page = stream_path(&house.node, "http://films.example/page");
        assert_eq!(ask(&page, Some("bytes=0-")).await.code, StatusCode::NOT_FOUND, "an HTML page is not streamed");
        let asked = peer.seen().len();
        let stranger = house.get(&path, "*/*").await;
        assert_eq!(stranger.code, StatusCode::SEE_OTHER);
        assert_eq!(peer.seen().len(), asked, "strangers cost nothing");
    }
}

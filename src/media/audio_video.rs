//! Removes metadata (titles, locations, camera data, comments) from audio and video files without decoding them.

mod ebml;
mod mp3;
mod mp4;
mod ogg;
mod pcm;

use super::{MAX_AUDIO_VIDEO_BYTES, MediaType, sniff};
use crate::base::{Error, Result};

/// An audio or video file without metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanedMedia {
    /// The file.
    pub bytes: Vec<u8>,
    /// The media type. An MP4 or WebM file without a video track is audio.
    pub media_type: &'static str,
    /// Width of a video in pixels, if the file states it.
    pub width: Option<u32>,
    /// Height of a video in pixels, if the file states it.
    pub height: Option<u32>,
    /// Duration, if the file states it.
    pub seconds: Option<u32>,
}

/// What the container states about its content.
#[derive(Debug, Clone, Default, PartialEq)]
struct ContainerInfo {
    seconds: Option<f64>,
    size: Option<(u32, u32)>,
    /// The file has a video track.
    film: bool,
}

/// Removes the metadata of an audio or video file. Needs memory for the file and one copy at most.
/// [`Error::Invalid`] says what is wrong with the file.
pub fn clean_audio_video(mut bytes: Vec<u8>) -> Result<CleanedMedia> {
    if bytes.len() > MAX_AUDIO_VIDEO_BYTES {
        return Err(Error::invalid(format!(
            "this file is too large: at most {} MiB",
            MAX_AUDIO_VIDEO_BYTES / 1024 / 1024
        )));
    }
    mp3::without_id3(&mut bytes);
    let kind = sniff(&bytes).filter(|kind| !kind.is_picture());
    let kind = kind.ok_or_else(unknown)?;
    let facts = match kind {
        MediaType::Mp4 | MediaType::M4a => mp4::strip(&mut bytes),
        MediaType::Webm => ebml::strip(&mut bytes),
        MediaType::Mp3 => mp3::strip(&mut bytes),
        MediaType::Ogg => ogg::strip(&mut bytes),
        MediaType::Flac => pcm::flac(&mut bytes),
        MediaType::Wav => pcm::wav(&mut bytes),
        MediaType::Jpeg | MediaType::Png | MediaType::Gif | MediaType::Webp => None,
    };
    let facts = facts.ok_or_else(|| Error::invalid("this file is damaged, or its format is not supported"))?;
    let media_type = match kind {
        MediaType::Mp4 if !facts.film => MediaType::M4a.media_type(),
        MediaType::Webm if !facts.film => "audio/webm",
        kind => kind.media_type(),
    };
    let (width, height) = facts.size.filter(|(w, h)| *w > 0 && *h > 0).unzip();
    // A duration over a week means a broken file. The cast is safe: the number is small and positive.
    let seconds = facts.seconds.filter(|s| (0.5..604_800.0).contains(s)).map(|s| s.round() as u32);
    Ok(CleanedMedia { bytes, media_type, width, height, seconds })
}

fn unknown() -> Error {
    Error::invalid("this is not a supported video or audio file: use MP4 or WebM, MP3, Ogg, FLAC, WAV or M4A")
}

/// Reads a big-endian `u32`.
fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Reads a big-endian `u64`.
fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// Reads a little-endian `u32`.
fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Overwrites a range with zeros, up to the end of the file.
fn zero_range(bytes: &mut [u8], from: usize, to: usize) {
    let to = to.min(bytes.len());
    if let Some(part) = bytes.get_mut(from.min(to)..to) {
        part.fill(0);
    }
}

#[cfg(test)]
mod tests;

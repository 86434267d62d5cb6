//! Detects the media type from the first bytes, never from the file name or the declared type.

/// The media types we store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// A video in an MP4 container.
    Mp4,
    /// A video in a WebM container.
    Webm,
    /// MP3 audio (MPEG layer 3).
    Mp3,
    /// Audio in an Ogg container.
    Ogg,
    /// FLAC audio.
    Flac,
    /// Uncompressed audio in a RIFF container.
    Wav,
    /// Audio in an MP4 container.
    M4a,
}

const ALL: [MediaType; 11] = [
    MediaType::Jpeg,
    MediaType::Png,
    MediaType::Gif,
    MediaType::Webp,
    MediaType::Mp4,
    MediaType::Webm,
    MediaType::Mp3,
    MediaType::Ogg,
    MediaType::Flac,
    MediaType::Wav,
    MediaType::M4a,
];

/// The names of all media types we store, as in `Content-Type`.
pub fn media_types() -> [&'static str; ALL.len()] {
    ALL.map(MediaType::media_type)
}

impl MediaType {
    /// The name, as sent in `Content-Type` and `mediaType`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Mp4 => "video/mp4",
            Self::Webm => "video/webm",
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::Flac => "audio/flac",
            Self::Wav => "audio/wav",
            Self::M4a => "audio/mp4",
        }
    }

    /// The file name extension, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Mp4 => "mp4",
            Self::Webm => "webm",
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
            Self::Flac => "flac",
            Self::Wav => "wav",
            Self::M4a => "m4a",
        }
    }

    /// True for the image types that [`super::prepare_image`] decodes.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Gif | Self::Webp)
    }

    /// The media type with this name; parameters after `;` are ignored.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        ALL.into_iter().find(|kind| kind.media_type() == name)
    }
}

/// The media type of a file; None when it is not one we store (HTML, SVG, HEIC, AVIF, Matroska, …).
pub fn sniff(bytes: &[u8]) -> Option<MediaType> {
    let at = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
    let mp4 = [
        b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4VH", b"MSNV", b"dash",
        b"3gp4", b"3gp5",
    ];
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::Jpeg),
        _ if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => Some(MediaType::Png),
        _ if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") => Some(MediaType::Gif),
        _ if at(0, 4) == b"RIFF" && at(8, 12) == b"WEBP" => Some(MediaType::Webp),
        _ if at(0, 4) == b"RIFF" && at(8, 12) == b"WAVE" => Some(MediaType::Wav),
        _ if bytes.starts_with(b"fLaC") => Some(MediaType::Flac),
        _ if at(4, 8) == b"ftyp" && matches!(at(8, 12), b"M4A " | b"M4B ") => Some(MediaType::M4a),
        _ if at(4, 8) == b"ftyp" && mp4.iter().any(|brand| at(8, 12) == *brand) => Some(MediaType::Mp4),
        [0x1A, 0x45, 0xDF, 0xA3, ..] if at(4, 64.min(bytes.len())).windows(4).any(|w| w == b"webm") => {
            Some(MediaType::Webm)
        }
        _ if bytes.starts_with(b"OggS") => Some(MediaType::Ogg),
        _ if bytes.starts_with(b"ID3") => Some(MediaType::Mp3),
        // An MPEG frame header: sync bits, layer 3, a valid bit rate and sample rate.
        [0xFF, flags, rate, ..] if flags & 0xE6 == 0xE2 && rate & 0xF0 != 0xF0 && rate & 0x0C != 0x0C => {
            Some(MediaType::Mp3)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let table: &[(&[u8], Option<MediaType>)] = &[
            (b"\xFF\xD8\xFF\xE0", Some(MediaType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Some(MediaType::Png)),
            (b"GIF89a", Some(MediaType::Gif)),
            (b"GIF87a", Some(MediaType::Gif)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(MediaType::Webp)),
            (b"RIFF\0\0\0\0WAVE", Some(MediaType::Wav)),
            (b"fLaC\0", Some(MediaType::Flac)),
            (b"\0\0\0\x18ftypM4A ", Some(MediaType::M4a)),
            (b"\0\0\0\x18ftypisom", Some(MediaType::Mp4)),
            (b"\0\0\0\x18ftypheic", None),
            (b"\0\0\0\x18ftypavif", None),
            (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm", Some(MediaType::Webm)),
            (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x88matroska", None),
            (b"OggS\0", Some(MediaType::Ogg)),
            (b"ID3\x04", Some(MediaType::Mp3)),
            (b"\xFF\xFB\x90\x00", Some(MediaType::Mp3)),
            (b"\xFF\xFF\xFF\xFF", None),
            (b"<svg xmlns=", None),
            (b"<!doctype html>", None),
            (b"%PDF-1.7", None),
            (b"", None),
            (b"\xFF", None),
        ];
        for (bytes, kind) in table {
            assert_eq!(sniff(bytes), *kind, "{bytes:?}");
        }
        assert_eq!(MediaType::of_media_type("IMAGE/JPEG; q=1"), Some(MediaType::Jpeg));
        assert_eq!(MediaType::of_media_type("image/svg+xml"), None);
    }
}

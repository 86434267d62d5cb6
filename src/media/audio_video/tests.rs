#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;

const SECRET: &[u8] = b"+59.9139+010.7522/";

fn tells(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|w| w == SECRET)
}

fn part(name: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    [&u32::try_from(inside.len() + 8).unwrap().to_be_bytes()[..], name, inside].concat()
}

fn head(version_and_dates: &[u8], rest: &[u8]) -> Vec<u8> {
    [version_and_dates, rest].concat()
}

fn handler(sort: &[u8; 4]) -> Vec<u8> {
    part(b"hdlr", &[&[0; 8][..], sort, &[0; 12], SECRET].concat())
}

/// An MP4 with a video track, a track of locations whose one sample is at the end of the file, and a title.
fn mp4() -> Vec<u8> {
    let dates = [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    let mvhd = part(b"mvhd", &head(&dates, &[&1000u32.to_be_bytes()[..], &61_500u32.to_be_bytes(), &[0; 80]].concat()));
    let size = [&[0u8; 40][..], &[0, 1, 0, 0], &[0; 32], &(640u32 << 16).to_be_bytes(), &(360u32 << 16).to_be_bytes()]
        .concat();
    let tkhd = part(b"tkhd", &head(&dates, &size[12..]));
    let film = part(b"trak", &[tkhd, part(b"mdia", &handler(b"vide"))].concat());
    let table = |at: u32| {
        let one = |n: u32| n.to_be_bytes();
        [
            part(b"stsz", &[one(0), one(0), one(1), one(SECRET.len() as u32)].concat()),
            part(b"stsc", &[one(0), one(1), one(1), one(1), one(1)].concat()),
            part(b"stco", &[one(0), one(1), one(at)].concat()),
        ]
        .concat()
    };
    let whole = |at: u32| {
        let minf = part(b"minf", &part(b"stbl", &table(at)));
        let places = part(b"trak", &part(b"mdia", &[handler(b"meta"), minf].concat()));
        let udta = part(b"udta", &part(b"\xa9xyz", SECRET));
        let moov = part(b"moov", &[mvhd.clone(), film.clone(), places, udta, part(b"meta", SECRET)].concat());
        let ftyp = part(b"ftyp", b"isom\0\0\0\0isommp41");
        [ftyp, moov, part(b"uuid", SECRET), part(b"mdat", &[b"picture".as_slice(), SECRET].concat())].concat()
    };
    let end = whole(0).len() - SECRET.len();
    whole(u32::try_from(end).unwrap())
}

#[test]
fn a_film_keeps_its_picture_and_loses_its_places() {
    let before = mp4();
    assert!(tells(&before));
    let made = clean_audio_video(before.clone()).unwrap();
    assert!(!tells(&made.bytes), "{:?}", String::from_utf8_lossy(&made.bytes));
    assert_eq!(made.bytes.len(), before.len(), "nothing moved");
    assert!(made.bytes.windows(7).any(|w| w == b"picture"));
    assert!(!made.bytes.windows(8).any(|w| w == [1, 2, 3, 4, 5, 6, 7, 8]), "no dates");
    assert_eq!((made.media_type, made.width, made.height, made.seconds), ("video/mp4", Some(640), Some(360), Some(62)));
    assert_eq!(clean_audio_video(made.bytes.clone()).unwrap(), made, "once is enough");
    for broken in [&before[..40], &before[..before.len() - 200], b"\0\0\0\x14ftypisom\0\0\0\0isom"] {
        assert!(clean_audio_video(broken.to_vec()).is_err());
    }
}

fn vint(size: usize) -> Vec<u8> {
    ((size as u64) | 1 << 56).to_be_bytes().to_vec()
}

fn element(id: &[u8], inside: &[u8]) -> Vec<u8> {
    [id, &vint(inside.len()), inside].concat()
}

#[test]
fn a_webm_loses_its_tags_titles_and_writers() {
    let info = element(
        &[0x15, 0x49, 0xA9, 0x66],
        &[
            element(&[0x2A, 0xD7, 0xB1], &1_000_000u32.to_be_bytes()),
            element(&[0x44, 0x89], &5_000f64.to_be_bytes()),
            element(&[0x7B, 0xA9], SECRET),
            element(&[0x57, 0x41], SECRET),
        ]
        .concat(),
    );
    let video = element(&[0xE0], &[element(&[0xB0], &[2, 128]), element(&[0xBA], &[1, 104])].concat());
    let tracks =
        element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &[video, element(&[0x53, 0x6E], SECRET)].concat()));
    let cluster =
        [&[0x1F, 0x43, 0xB6, 0x75, 0xFF][..], &element(&[0xE7], &[0]), &element(&[0xA3], b"picture")].concat();
    let tags = element(&[0x12, 0x54, 0xC3, 0x67], SECRET);
    let small = element(&[0x19, 0x41, 0xA4, 0x69], b"x");
    let inside = [info, tracks, cluster, tags, small].concat();
    let ebml = element(&[0x1A, 0x45, 0xDF, 0xA3], &element(&[0x42, 0x82], b"webm"));
    let file = [&ebml[..], &[0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &inside].concat();
    let made = clean_audio_video(file.clone()).unwrap();
    assert!(tells(&file) && !tells(&made.bytes));
    assert_eq!(made.bytes.len(), file.len());
    assert!(made.bytes.windows(7).any(|w| w == b"picture"));
    assert_eq!((made.media_type, made.width, made.height, made.seconds), ("video/webm", Some(640), Some(360), Some(5)));
    assert_eq!(clean_audio_video(made.bytes.clone()).unwrap(), made);
    let deep = (0..10_000).fold(Vec::new(), |inside, _| {
        [&[0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255][..], &inside].concat()
    });
    drop(clean_audio_video([ebml, deep].concat()));
}

#[test]
fn sound_loses_what_stands_round_it() {
    let id3 =
        |inside: &[u8]| [b"ID3\x04\0\0\0\0\0".as_slice(), &[u8::try_from(inside.len()).unwrap()], inside].concat();
    let frames = [&[0xFF, 0xFB, 0x90, 0x00][..], &[7; 15_996]].concat();
    let ape = [b"APETAGEX".as_slice(), &2000u32.to_le_bytes(), &50u32.to_le_bytes(), &[0; 16]].concat();
    let ape = [SECRET, &ape].concat();
    let v1 = [b"TAG".as_slice(), SECRET, &[0; 107]].concat();
    let made = clean_audio_video([id3(SECRET), id3(SECRET), frames.clone(), ape, v1].concat()).unwrap();
    assert_eq!((made.bytes, made.media_type, made.seconds), (frames, "audio/mpeg", Some(1)));

    let chunk = |name: &[u8; 4], inside: &[u8]| {
        [name, &u32::try_from(inside.len()).unwrap().to_le_bytes()[..], inside].concat()
    };
    let format =
        chunk(b"fmt ", &[&[1, 0, 1, 0][..], &8000u32.to_le_bytes(), &8000u32.to_le_bytes(), &[1, 0, 8, 0]].concat());
    let data = chunk(b"data", &[9; 24_000]);
    let riff = |parts: &[u8]| {
        [b"RIFF".as_slice(), &u32::try_from(parts.len() + 4).unwrap().to_le_bytes(), b"WAVE", parts].concat()
    };
    let wav = riff(&[format.clone(), chunk(b"LIST", SECRET), data.clone(), chunk(b"bext", SECRET)].concat());
    let made = clean_audio_video(wav).unwrap();
    assert_eq!((made.bytes, made.seconds), (riff(&[format, data].concat()), Some(3)));

    let block = |kind: u8, inside: &[u8]| [&[kind, 0, 0, u8::try_from(inside.len()).unwrap()], inside].concat();
    let packed = (44_100u64 << 44 | 441_000).to_be_bytes();
    let info = [&[0u8; 10][..], &packed, &[0; 16]].concat();
    let flac = [b"fLaC".to_vec(), block(0, &info), block(4, SECRET), block(0x86, SECRET), b"frames".to_vec()].concat();
    let made = clean_audio_video(flac).unwrap();
    assert_eq!(
        (made.bytes, made.seconds),
        ([b"fLaC".to_vec(), block(0x80, &info), b"frames".to_vec()].concat(), Some(10))
    );
    for nothing in [&b"OggS"[..], b"fLaC", b"ID3\x04\0\0\0\0\0\0", b"RIFF\0\0\0\0WAVE", b"<html>", b"\x89PNG\r\n\x1a\n"]
    {
        assert!(clean_audio_video(nothing.to_vec()).is_err(), "{nothing:?}");
    }
}

/// A page with these packets, as other programs write it; its checksum is not read.
fn page(first: bool, number: u32, granule: u64, packets: &[&[u8]]) -> Vec<u8> {
    let mut laces = Vec::new();
    for packet in packets {
        laces.extend(std::iter::repeat_n(255, packet.len() / 255));
        laces.push((packet.len() % 255) as u8);
    }
    let flag = if first { 2 } else { 0 };
    let head =
        [b"OggS\0".as_slice(), &[flag], &granule.to_le_bytes(), &7u32.to_le_bytes(), &number.to_le_bytes(), &[0; 4]]
            .concat();
    [head, vec![laces.len() as u8], laces, packets.concat()].concat()
}

#[test]
fn an_ogg_gets_empty_comments() {
    let opus = [b"OpusHead\x01\x02".as_slice(), &312u16.to_le_bytes(), &48_000u32.to_le_bytes(), &[0; 3]].concat();
    let long = [b"OpusTags".as_slice(), SECRET, &[1; 600]].concat();
    let file = [page(true, 0, 0, &[&opus]), page(false, 1, 0, &[&long]), page(false, 2, 96_312, &[b"sound"])].concat();
    let made = clean_audio_video(file.clone()).unwrap();
    assert!(tells(&file) && !tells(&made.bytes));
    assert_eq!((made.media_type, made.seconds), ("audio/ogg", Some(2)));
    assert!(made.bytes.ends_with(b"sound") && made.bytes.len() < 200);
    assert_eq!(clean_audio_video(made.bytes.clone()).unwrap(), made, "what it writes it reads");

    let ident = [b"\x01vorbis".as_slice(), &[0; 5], &44_100u32.to_le_bytes(), &[0; 14]].concat();
    let (comment, setup) = ([b"\x03vorbis".as_slice(), SECRET].concat(), vec![5u8; 70_000]);
    let mut file = page(true, 0, 0, &[&ident]);
    // The codebooks span two pages.
    let mut second = page(false, 1, 0, &[&comment, &setup[..255 * 200]]);
    second.truncate(second.len());
    let laces = usize::from(second[26]);
    second[26] -= 1;
    second.remove(27 + laces - 1);
    file.extend(second);
    file.extend(page(false, 2, 0, &[&setup[255 * 200..]]));
    file.extend(page(false, 3, 441_000, &[b"sound"]));
    let made = clean_audio_video(file.clone()).unwrap();
    assert!(tells(&file) && !tells(&made.bytes));
    assert_eq!(made.seconds, Some(10));
    assert!(made.bytes.windows(60_000).any(|w| w.iter().filter(|b| **b == 5).count() > 59_000), "the code books stay");
    assert_eq!(clean_audio_video(made.bytes.clone()).unwrap(), made);
    let other = file.iter().position(|b| *b == 5).unwrap();
    assert!(clean_audio_video(file[..other].to_vec()).is_err(), "cut off in its head");
}

proptest::proptest! {
    #[test]
    fn broken_files_never_panic(start in 0usize..6, at in 0usize..400, byte in proptest::prelude::any::<u8>(), cut in 0usize..600) {
        let opus = [b"OpusHead\x01\x02".as_slice(), &[0; 9]].concat();
        let files = [
            mp4(),
            [page(true, 0, 0, &[&opus]), page(false, 1, 0, &[b"OpusTags"]), page(false, 2, 9, &[b"sound"])].concat(),
            [b"fLaC\0\0\0\x22".as_slice(), &[1; 40]].concat(),
            [b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".as_slice(), &[1; 40]].concat(),
            [&[0x1A, 0x45, 0xDF, 0xA3, 0x87, 0x42, 0x82, 0x84][..], b"webm", &[0x18, 0x53, 0x80, 0x67, 0xFF], &[0xEC, 0x81, 0, 0xAE, 0x82, 1, 2]].concat(),
            [&[0xFF, 0xFB, 0x90, 0x00][..], &[7; 200]].concat(),
        ];
        let mut file = files[start].clone();
        let last = file.len() - 1;
        file[at.min(last)] = byte;
        file.truncate(file.len().max(cut) - cut);
        drop(clean_audio_video(file));
    }
}

//! Upload fields of the compose form: files with description and focal point.

use maud::{Markup, html};

use crate::base::id::MediaId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::media::{self, Upload};
use crate::federation::owner::publish::MAX_ATTACHMENTS;
use crate::store::posts::attachments::{AttachmentChange, PostAttachment};
use crate::text::MAX_ALT_TEXT_CHARS;
use crate::web::page::form::FormFields;
use crate::web::page::layout::icon;
use crate::web::page::post::attachments;

/// Media types offered by the file dialogue.
const ACCEPTED_TYPES: &str = "image/jpeg,image/png,image/gif,image/webp,video/mp4,video/webm,audio/mpeg,audio/ogg,audio/flac,audio/wav,audio/mp4,.opus,.m4a,.flac";
/// Media types for covers.
const ACCEPTED_COVER_TYPES: &str = "image/jpeg,image/png,image/webp";
/// The nine focal points: form value, name, coordinates.
const FOCAL_POINTS: [(&str, &str, (f64, f64)); 9] = [
    ("", "Middle", (0.0, 0.0)),
    ("tl", "Top left", (-0.8, 0.8)),
    ("t", "Top", (0.0, 0.8)),
    ("tr", "Top right", (0.8, 0.8)),
    ("l", "Left", (-0.8, 0.0)),
    ("r", "Right", (0.8, 0.0)),
    ("bl", "Bottom left", (-0.8, -0.8)),
    ("b", "Bottom", (0.0, -0.8)),
    ("br", "Bottom right", (0.8, -0.8)),
];

/// The upload section.
pub fn upload_fields() -> Markup {
    html! {
        details.tool {
            summary title="Add images, video or audio" { (icon("picture")) span.label { "Media" } }
            div.drawer { (upload_slots(MAX_ATTACHMENTS)) }
        }
    }
}

/// This many upload slots.
pub fn upload_slots(count: usize) -> Markup {
    html! {
        @for n in 1..=count {
            fieldset.upload data-upload {
                legend { "File " (n) }
                label for={ "image" (n) } { "Image, video or audio" }
                input id={ "image" (n) } type="file" name="image" accept=(ACCEPTED_TYPES);
                label for={ "alt" (n) } { "Description (alt text) for those who do not see or hear it" }
                textarea id={ "alt" (n) } name="alt" rows="2" maxlength=(MAX_ALT_TEXT_CHARS) {}
                details.finer {
                    summary { "Crop and cover" }
                    label for={ "focus" (n) } { "Focal point of the image" }
                    (focal_point_class(&format!("focus{n}"), "focus", None))
                    label for={ "cover" (n) } { "Cover image for video or audio" }
                    input id={ "cover" (n) } type="file" name="cover" accept=(ACCEPTED_COVER_TYPES);
                }
            }
        }
        p.note { "Location, camera, titles and dates are removed from every file. Video and audio: up to " (crate::media::MAX_AUDIO_VIDEO_BYTES / 1024 / 1024) " MB." }
    }
}

fn focal_point_class(id: &str, name: &str, chosen: Option<&str>) -> Markup {
    let known = FOCAL_POINTS.iter().find(|(_, _, point)| Some(media::focus_text(*point).as_str()) == chosen);
    // A focal point set by an app is none of the nine; it stays unless another is chosen.
    let other = chosen.filter(|_| known.is_none());
    html! {
        select id=(id) name=(name) {
            @if let Some(point) = other { option value=(point) selected { "As it is" } }
            @for (word, label, _) in FOCAL_POINTS { option value=(word) selected[known.is_some_and(|(w, _, _)| *w == word)] { (label) } }
        }
    }
}

/// Parses one of the nine, or a stored focal point; None for the centre.
fn focal_point(text: &str) -> Option<(f64, f64)> {
    if let Some((word, _, point)) = FOCAL_POINTS.iter().find(|(word, _, _)| *word == text) {
        return (!word.is_empty()).then_some(*point);
    }
    let (x, y) = text.split_once(',')?;
    let part = |text: &str| text.trim().parse::<f64>().ok().filter(|n| (-1.0..=1.0).contains(n));
    part(x).zip(part(y))
}

/// Stores the files of a form with their descriptions, at most `room`.
pub fn store_uploads(node: &Node, fields: &mut FormFields, room: usize) -> Result<Vec<MediaId>> {
    let (files, covers) = (fields.take_files("image"), fields.take_files("cover"));
    if files.iter().filter(|file| !file.is_empty()).count() > room {
        return Err(Error::invalid(format!("A post can have {MAX_ATTACHMENTS} attachments.")));
    }
    let texts = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
    let (alts, points) = (texts("alt"), texts("focus"));
    let mut covers = covers.into_iter().chain(std::iter::repeat_with(Vec::new));
    let mut kept = Vec::new();
    for (n, bytes) in files.into_iter().enumerate() {
        let cover = covers.next().unwrap_or_default();
        if bytes.is_empty() {
            continue;
        }
        let alt = alts.get(n).cloned().unwrap_or_default();
        let focus = points.get(n).and_then(|text| focal_point(text));
        kept.push(media::store_upload(node, Upload { bytes, alt, focus, cover })?);
    }
    Ok(kept)
}

/// The files a post has, in the form that edits it.
pub fn existing_file(files: &[PostAttachment]) -> Markup {
    html! { @for file in files { (upload_slot(file)) } }
}

fn upload_slot(file: &PostAttachment) -> Markup {
    let id = file.id;
    let is_picture = attachments::is_picture(file);
    let shown = file.preview.as_ref().or(file.file.as_ref().filter(|_| is_picture));
    html! {
        fieldset.upload {
            legend { (attachments::noun(&file.media_type)) }
            @if let Some(name) = shown { img src={ "/media/" (name) } alt="" height="72"; }
            label.check { input type="checkbox" name="keep" value=(id) checked; " Keep it" }
            label for={ "alt-" (id) } { "Description (alt text) for those who do not see or hear it" }
            textarea id={ "alt-" (id) } name={ "alt-" (id) } rows="2" maxlength=(MAX_ALT_TEXT_CHARS) { (file.alt) }
            @if is_picture {
                label for={ "focus-" (id) } { "What to keep in a small frame" }
                (focal_point_class(&format!("focus-{id}"), &format!("focus-{id}"), file.focus.as_deref()))
            }
        }
    }
}

/// Existing files after the edit form: kept ones in order, and their descriptions.
pub fn changed_attachments(files: &[PostAttachment], fields: &FormFields) -> (Vec<MediaId>, Vec<AttachmentChange>) {
    let ticked: Vec<MediaId> = fields.all("keep").filter_map(|id| id.parse().ok()).collect();
    let kept: Vec<&PostAttachment> = files.iter().filter(|file| ticked.contains(&file.id)).collect();
    let described = kept.iter().filter(|file| fields.has(&format!("alt-{}", file.id))).map(|file| {
        let alt = fields.text(&format!("alt-{}", file.id)).trim();
        let focus = format!("focus-{}", file.id);
        let focus = if fields.has(&focus) {
            focal_point(fields.text(&focus)).map(media::focus_text)
        } else {
            file.focus.clone()
        };
        AttachmentChange { id: file.id, alt: alt.to_owned(), focus, cover: None }
    });
    (kept.iter().map(|file| file.id).collect(), described.collect())
}

/// The words of an image's point for the style sheet: how it is cropped.
pub fn focal_point_field(focus: Option<&str>) -> Option<&'static str> {
    let (x, y) = focal_point(focus.filter(|text| text.contains(','))?)?;
    let third = |n: f64| if n < -0.33 { 0 } else { usize::from(n > 0.33) + 1 };
    const FOCAL_POINT_CLASSES: [[&str; 3]; 3] =
        [["at-bl", "at-b", "at-br"], ["at-l", "", "at-r"], ["at-tl", "at-t", "at-tr"]];
    FOCAL_POINT_CLASSES.get(third(y))?.get(third(x)).copied().filter(|class| !class.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_points_are_words_and_others_are_kept() {
        assert_eq!(focal_point("tl"), Some((-0.8, 0.8)));
        assert_eq!(focal_point("0.25, -0.5"), Some((0.25, -0.5)));
        for middle in ["", "x", "2,0", "NaN,0", "1"] {
            assert_eq!(focal_point(middle), None, "{middle}");
        }
        assert_eq!(focal_point_field(Some("-0.80,0.80")), Some("at-tl"));
        assert_eq!(focal_point_field(Some("0.9,0")), Some("at-r"));
        assert_eq!(
            (focal_point_field(Some("0.1,0.1")), focal_point_field(None), focal_point_field(Some("tl"))),
            (None, None, None)
        );
        assert!(focal_point_class("a", "a", Some("0.12,0.34")).into_string().contains("As it is"));
        assert!(focal_point_class("a", "a", Some("-0.80,0.80")).into_string().contains("value=\"tl\" selected"));
    }
}

//! Default texts about this server (rules, privacy policy), and the conversion of such texts to HTML.

use maud::{Markup, PreEscaped, html};

use super::compose;

/// Default text of the about page.
pub const DEFAULT_ABOUT: &str = "";
/// The rules that come with us.
pub const DEFAULT_RULES: &str = "No harassment, no hatred, no spam, nothing illegal. Whoever breaks this towards the people of this server is \
    blocked from it. Reports about what is written here are read by the person who runs it, and answered.";
/// The privacy policy that comes with us.
pub const DEFAULT_PRIVACY: &str = "This server belongs to one person and is used by one person. There are no accounts for others, no \
advertisements, and no analysis of visitors.

# Visitors

Pages can be read without cookies. A cookie is set only when the owner logs in. Pictures from other servers are fetched by this \
server, so that those servers do not learn who reads them. The addresses of requests are used to answer them and to keep out \
abuse, and are not kept.

# What other servers send

When somebody elsewhere follows, mentions, answers, likes or boosts, their server sends this one what is needed to show it: \
public profile, posts, pictures, and the act itself. It is kept so that the owner can read it. When their server says that \
something was deleted, it is deleted here.

# What this server sends

What the owner writes is sent to the servers of the people it is for: followers and those mentioned, or anyone who asks when it \
is public. Those servers keep it under their own rules; a deletion is passed on to them.

# No sale, no profiling

Nothing is sold, rented or handed to third parties beyond what federation as described above needs, or what the law demands.

# Your rights

You may ask what is kept about you, and have it corrected or deleted. Deleting your account or post on your own server has the \
same effect; writing to us works, too.";

/// Plain text as paragraphs; a line that begins with `#` is a heading.
pub fn to_html(text: &str) -> Markup {
    html! {
        @for part in text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()) {
            @if let Some(heading) = part.strip_prefix('#').filter(|rest| !rest.contains('\n')) { h2 { (heading.trim_start_matches('#').trim()) } }
            @else { (PreEscaped(compose::to_html(part, &[], "").html)) }
        }
    }
}

/// The owner's text, or the default.
pub fn or_default<'t>(own: &'t str, ours: &'t str) -> &'t str {
    if own.trim().is_empty() { ours } else { own }
}

/// The rules as a list: one per non-empty line, without headings.
pub fn rules(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.trim_start_matches(['-', '*', ' '])).filter(|line| !line.is_empty()).collect()
}

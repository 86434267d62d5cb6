//! `hytte post`: publishes the text on standard input, with images, video or audio.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use hytte::base::id::MediaId;
use hytte::base::{Audience, Error, Result};
use hytte::control::{self, Base64Bytes, CommandRequest, CommandResponse, MAX_FILE_BYTES};
use serde_json::json;

use super::{data_folder, is_other_build, print_json, print_text};

/// The longest text read, in bytes; the server counts characters.
const MAX_TEXT_BYTES: u64 = 256 * 1024;

/// The flags of `post`.
#[derive(Args)]
pub struct PostFlags {
    /// Who may read it
    #[arg(long, env = "HYTTE_AUDIENCE", default_value = "public", value_parser = Audience::ALL.map(Audience::as_word))]
    audience: String,
    /// A content warning
    #[arg(long, env = "HYTTE_CW", value_name = "TEXT")]
    cw: Option<String>,
    /// An image, video or audio; may be given several times
    #[arg(long, env = "HYTTE_MEDIA", value_name = "FILE")]
    media: Vec<PathBuf>,
    /// What a file shows or says, for those who do not see or hear it: the first is for the first file
    #[arg(long, env = "HYTTE_ALT", value_name = "TEXT")]
    alt: Vec<String>,
    /// The address of the post it replies to
    #[arg(long, env = "HYTTE_REPLY_TO", value_name = "URL")]
    reply_to: Option<String>,
    /// Its language: en, nb, pt-BR
    #[arg(long, env = "HYTTE_LANGUAGE", value_name = "CODE")]
    language: Option<String>,
    /// A title: makes it an article
    #[arg(long, env = "HYTTE_TITLE", value_name = "TEXT")]
    title: Option<String>,
    /// What the article is about, in a sentence or two
    #[arg(long, env = "HYTTE_SUMMARY", value_name = "TEXT", requires = "title")]
    summary: Option<String>,
    /// The text is Markdown; without it the setting counts
    #[arg(long, env = "HYTTE_MARKDOWN", value_parser = FalseyValueParser::new())]
    markdown: bool,
    /// Print JSON
    #[arg(long, env = "HYTTE_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    reach: data_folder::NetworkFlags,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// Publishes and prints the post's URL.
pub fn post(args: PostFlags) -> Result<()> {
    if args.alt.len() > args.media.len() {
        return Err(Error::invalid("there are more --alt than --media: give one description for each file"));
    }
    let pictures = args.media.iter().map(|file| read_file(file)).collect::<Result<Vec<_>>>()?;
    let text = read_text()?;
    if text.trim().is_empty() && pictures.is_empty() {
        return Err(Error::invalid("there is nothing to post: write the text on standard input"));
    }
    let mut media: Vec<MediaId> = Vec::new();
    let alts = args.alt.into_iter().chain(std::iter::repeat(String::new()));
    for (bytes, alt) in pictures.into_iter().zip(alts) {
        match args.home.request(CommandRequest::Upload { bytes: Base64Bytes(bytes), alt })? {
            CommandResponse::Media(id) => media.push(id),
            _ => return Err(is_other_build()),
        }
    }
    let post = control::PostRequest {
        text,
        warning: args.cw,
        audience: args.audience,
        reply_to: args.reply_to,
        media,
        language: args.language,
        title: args.title,
        summary: args.summary,
        markdown: args.markdown.then_some(true),
    };
    match args.home.request_with_network(&args.reach, CommandRequest::Post(post))? {
        CommandResponse::Url(url) if args.json => print_json(&json!({ "url": url })),
        CommandResponse::Url(url) => print_text(&url),
        _ => Err(is_other_build()),
    }
}

fn read_text() -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("Write your post; Ctrl-D on an empty line sends it, Ctrl-C does not.");
    }
    let mut bytes = Vec::new();
    stdin.lock().take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        return Err(Error::invalid("this text is too long for a post"));
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::invalid("the text is not UTF-8: convert it first"))?;
    Ok(text.trim_end().to_owned())
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |error| Error::invalid(format!("{} cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::invalid(format!(
            "{} is bigger than {} MB: make it smaller",
            path.display(),
            MAX_FILE_BYTES >> 20
        )));
    }
    Ok(bytes)
}

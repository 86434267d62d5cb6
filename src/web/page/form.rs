//! Reads forms, urlencoded or multipart, within limits. [`OwnerForm`] checks session, origin and token before anything
//! else.

use std::future::Future;
use std::pin::Pin;

use actix_multipart::{Field, Multipart};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::StreamExt;

use crate::base::{Error, Result};
use crate::federation::Node;
use crate::web::auth::{self, MaybeSession, Owner, SignedInSession};
use crate::web::blocking::PageError;
use crate::web::request_body::{self, BodyError, BodyPermit, BodySender, IncomingBody, MAX_ANONYMOUS_BODY_BYTES};

/// Bytes of a form of the owner's without files, and of all the texts of one with files.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Bytes of one file: a short video; images have a limit of their own.
const MAX_FILE_BYTES: usize = crate::media::MAX_AUDIO_VIDEO_BYTES;
/// Bytes of all files of one form: they are in memory until they are on the disk.
const MAX_FILES_BYTES: usize = 48 * 1024 * 1024;
/// Fields in one form.
const MAX_FORM_FIELDS: usize = 200;

/// The fields of a form, in order.
#[derive(Debug, Default)]
pub struct FormFields {
    texts: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    _place: Option<BodyPermit>,
}

impl FormFields {
    /// The first field of this name with `\n` line ends; empty when missing.
    pub fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The first field of this name on one line, trimmed.
    pub fn line(&self, name: &str) -> String {
        self.text(name).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether a box was ticked or a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// All fields of this name, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.texts.iter().filter(move |(n, _)| n == name).map(|(_, text)| text.as_str())
    }

    /// The files of this name, in order; a place where none was chosen is empty.
    pub fn take_files(&mut self, name: &str) -> Vec<Vec<u8>> {
        let (wanted, others) = std::mem::take(&mut self.files).into_iter().partition(|(n, _)| n == name);
        self.files = others;
        wanted.into_iter().map(|(_, bytes)| bytes).collect()
    }

    /// The first file of this name, if one was chosen.
    pub fn take_file(&mut self, name: &str) -> Option<Vec<u8>> {
        self.take_files(name).into_iter().find(|bytes| !bytes.is_empty())
    }

    fn add_text(&mut self, name: String, text: &str) -> Result<()> {
        if self.texts.len() + self.files.len() >= MAX_FORM_FIELDS {
            return Err(Error::invalid("this form has too many fields"));
        }
        self.texts.push((name, text.replace("\r\n", "\n").replace('\0', "")));
        Ok(())
    }
}

/// A form sent by the owner from our own page.
pub struct OwnerForm {
    /// The session.
    pub owner: Owner,
    /// The fields.
    pub fields: FormFields,
}

/// A form sent by a browser with a session, perhaps before the owner has a name.
pub struct SessionForm {
    /// The session.
    pub session: SignedInSession,
    /// What it says.
    pub fields: FormFields,
}

/// A form sent by a visitor from our own page.
pub struct VisitorForm(pub FormFields);

type Fut<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

impl FromRequest for OwnerForm {
    type Error = actix_web::Error;
    type Future = Fut<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let owner = Owner::extract(&request).await?;
            let fields = read(&request, payload, Some(&owner.hash)).await?;
            Ok(Self { owner, fields })
        })
    }
}

impl FromRequest for SessionForm {
    type Error = actix_web::Error;
    type Future = Fut<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let MaybeSession(session) = MaybeSession::extract(&request).await?;
            let session = session.ok_or_else(|| PageError(Error::Denied("log in first".into())))?;
            let fields = read(&request, payload, Some(&session.hash)).await?;
            Ok(Self { session, fields })
        })
    }
}

impl FromRequest for VisitorForm {
    type Error = actix_web::Error;
    type Future = Fut<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(read(&request, payload, None).await?)) })
    }
}

/// Reads a form; with a session, its CSRF token must be valid and come before any file.
async fn read(request: &HttpRequest, payload: Payload, session: Option<&[u8]>) -> Result<FormFields, PageError> {
    let node = request.app_data::<web::Data<Node>>().ok_or_else(|| Error::internal("no node"))?;
    auth::check_origin(request, node)?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let check = |fields: &FormFields| session.map_or(Ok(()), |hash| auth::check_csrf(node, hash, fields.text("csrf")));
    let (sender, most) = match session {
        Some(_) => (BodySender::Owner, MAX_TEXT_BYTES),
        None => (BodySender::Stranger, MAX_ANONYMOUS_BODY_BYTES),
    };
    let body = request_body::of(request, payload, sender).map_err(|stopped| refused(stopped, most))?;
    if kind.starts_with("multipart/form-data") {
        // Strangers may not send files, which would fill the memory.
        if session.is_none() {
            return Err(Error::invalid("this form has no room for files").into());
        }
        Ok(multipart(request, body, check).await?)
    } else {
        let fields = urlencoded(body, most).await?;
        check(&fields)?;
        Ok(fields)
    }
}

async fn urlencoded(body: IncomingBody, most: usize) -> Result<FormFields> {
    let mut fields = FormFields { _place: Some(body.permit()), ..FormFields::default() };
    let body = body.read_all(most).await.map_err(|stopped| refused(stopped, most))?;
    for (name, text) in url::form_urlencoded::parse(&body) {
        fields.add_text(name.into_owned(), &text)?;
    }
    Ok(fields)
}

async fn multipart(
    request: &HttpRequest,
    body: IncomingBody,
    check: impl Fn(&FormFields) -> Result<()>,
) -> Result<FormFields> {
    let mut fields = FormFields { _place: Some(body.permit()), ..FormFields::default() };
    let mut form = Multipart::new(request.headers(), body);
    let (mut texts, mut files) = (MAX_TEXT_BYTES, MAX_FILES_BYTES);
    while let Some(field) = form.next().await {
        let mut field = field.map_err(|error| refused(error.into(), MAX_FILES_BYTES))?;
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.content_disposition().is_some_and(|said| said.get_filename().is_some());
        if !is_file {
            let bytes = part(&mut field, texts).await?;
            texts -= bytes.len();
            fields.add_text(name, &String::from_utf8_lossy(&bytes))?;
            continue;
        }
        check(&fields)?;
        let bytes = part(&mut field, files.min(MAX_FILE_BYTES)).await?;
        files -= bytes.len();
        if fields.files.len() >= MAX_FORM_FIELDS {
            return Err(Error::invalid("this form has too many files"));
        }
        fields.files.push((name, bytes));
    }
    check(&fields)?;
    Ok(fields)
}

async fn part(field: &mut Field, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|error| refused(error.into(), MAX_FILES_BYTES))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn refused(stopped: BodyError, most: usize) -> Error {
    match stopped {
        BodyError::Full => Error::Busy,
        BodyError::TooLarge => too_large(most),
        BodyError::Slow | BodyError::Broken => Error::invalid("the form did not arrive whole; please send it again"),
    }
}

fn too_large(limit: usize) -> Error {
    Error::invalid(format!("this is too large: at most {} MB fit", limit.div_ceil(1024 * 1024)))
}

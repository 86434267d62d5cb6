//! `update_credentials` and preferences: changed as a whole or not at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::base::Audience;
use crate::base::interaction_policy::PolicyChoice;
use crate::federation::owner::identity::{self, ProfileChange, ProfileImage};
use crate::federation::{Node, media};
use crate::media::{ImagePurpose, MAX_IMAGE_BYTES};
use crate::store::actors::{self, ActorField};
use crate::store::media_files::MediaFileName;
use crate::store::node::{self, Settings};
use crate::text::{language, plain_text};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::account::{quote_choice, quote_policy};
use crate::web::api::entity::visibility;
use crate::web::api::error::ApiError;
use crate::web::api::params::text_of;
use crate::web::api::people::accounts::verify_credentials;

/// Maximum length of the description of a profile image.
pub const MAX_IMAGE_DESCRIPTION_CHARS: usize = 1_500;
/// Maximum number of attribution domains.
const MAX_ATTRIBUTION_DOMAINS: usize = 100;

/// `PATCH /api/v1/accounts/update_credentials`: absent fields stay, and an invalid one changes nothing.
pub fn update(node: &Node, call: &ApiRequest) -> ApiResult {
    let wanted = ProfileRequest::read(call)?;
    let params = &call.params;
    let owner = node.store.read(|r| actors::by_id(r, node::owner(r)?))?;
    let kept = |field: &ActorField| {
        (field.name.clone(), field.source.clone().unwrap_or_else(|| plain_text::from_html(&field.value)))
    };
    let fields = match params.has("fields_attributes") {
        true => params.items("fields_attributes").into_iter().map(pair).collect(),
        false => owner.fields.iter().map(kept).collect(),
    };
    let profile = ProfileChange {
        name: params.text("display_name").unwrap_or(owner.name),
        bio: params
            .text("note")
            .unwrap_or_else(|| owner.bio_source.unwrap_or_else(|| plain_text::from_html(&owner.bio))),
        fields,
        icon: picture(node, call, "avatar", ImagePurpose::Avatar)?,
        image: picture(node, call, "header", ImagePurpose::Header)?,
        approves_followers: params.flag("locked").unwrap_or(owner.approves_followers),
        discoverable: params.flag("discoverable").unwrap_or(owner.discoverable),
        indexable: params.flag("indexable").unwrap_or(owner.indexable),
        automated: params.flag("bot").unwrap_or(owner.kind == "Service"),
    };
    identity::set_profile_with(node, profile, move |settings| wanted.apply(settings))?;
    verify_credentials(node, call)
}

/// The requested changes of settings.
struct ProfileRequest {
    audience: Option<Audience>,
    sensitive: Option<bool>,
    language: Option<String>,
    quotes: Option<PolicyChoice>,
    hidden: Option<bool>,
    icon_alt: Option<String>,
    image_alt: Option<String>,
    domains: Option<Vec<String>>,
}

impl ProfileRequest {
    fn read(call: &ApiRequest) -> Result<Self, ApiError> {
        let params = &call.params;
        let word = |name: &str, field: &str| match params.given(name) {
            None => Ok(None),
            Some(text) => match field {
                "privacy" => visibility::audience(&text).map(|_| Some(text)),
                _ => quote_choice(&text).map(|_| Some(text)),
            }
            .ok_or_else(|| invalid(field)),
        };
        let language = match params.text("source/language") {
            None => None,
            Some(text) if text.trim().is_empty() => Some(String::new()),
            Some(text) => Some(language::read(&text).ok_or_else(|| invalid("Language"))?),
        };
        let described = |name: &str| match params.text(name) {
            Some(text) if text.chars().count() > MAX_IMAGE_DESCRIPTION_CHARS => Err(ApiError::Refused(format!(
                "Validation failed: Description is too long (maximum is {MAX_IMAGE_DESCRIPTION_CHARS} characters)"
            ))),
            text => Ok(text.map(|text| text.trim().to_owned())),
        };
        let domains = params.has("attribution_domains").then(|| params.list("attribution_domains"));
        let domains = match domains {
            Some(list) if list.len() > MAX_ATTRIBUTION_DOMAINS => return Err(invalid("Attribution domains")),
            Some(list) => {
                let host = |text: &String| {
                    crate::federation::owner::host_block_import::parse_host_name(text)
                        .map_err(|_| invalid("Attribution domains"))
                };
                Some(list.iter().map(host).collect::<Result<Vec<_>, _>>()?)
            }
            None => None,
        };
        Ok(Self {
            audience: word("source/privacy", "privacy")?.as_deref().and_then(visibility::audience),
            sensitive: params.flag("source/sensitive"),
            language,
            quotes: word("source/quote_policy", "quote policy")?.as_deref().and_then(quote_choice),
            hidden: params.flag("hide_collections"),
            icon_alt: described("avatar_description")?,
            image_alt: described("header_description")?,
            domains,
        })
    }

    fn apply(self, settings: &mut Settings) {
        if let Some(audience) = self.audience {
            settings.audience = audience.as_word().to_owned();
        }
        // Finer choices than Mastodon's stay when an app sends back the word it was shown.
        if let Some(choice) = self.quotes.filter(|choice| quote_choice(quote_policy(settings)) != Some(*choice)) {
            settings.who_quotes = choice.word().to_owned();
        }
        settings.sensitive = self.sensitive.unwrap_or(settings.sensitive);
        settings.language = self.language.unwrap_or_else(|| std::mem::take(&mut settings.language));
        settings.show_follows = self.hidden.map_or(settings.show_follows, |hidden| !hidden);
        settings.icon_alt = self.icon_alt.unwrap_or_else(|| std::mem::take(&mut settings.icon_alt));
        settings.image_alt = self.image_alt.unwrap_or_else(|| std::mem::take(&mut settings.image_alt));
        settings.attribution_domains =
            self.domains.unwrap_or_else(|| std::mem::take(&mut settings.attribution_domains));
    }
}

fn invalid(field: &str) -> ApiError {
    ApiError::Refused(format!("Validation failed: {field} is not included in the list"))
}

fn pair(field: &Value) -> (String, String) {
    let text = |name: &str| field.get(name).and_then(text_of).unwrap_or_default();
    (text("name").trim().to_owned(), text("value").trim().to_owned())
}

/// A new image: a file, or a `data:` URL, as some web clients send it.
fn picture(
    node: &Node,
    call: &ApiRequest,
    name: &str,
    purpose: ImagePurpose,
) -> Result<Option<MediaFileName>, ApiError> {
    if let Some(bytes) = call.params.file(name) {
        return Ok(Some(media::store_profile_image(node, bytes, purpose)?));
    }
    let Some(text) = call.params.given(name) else { return Ok(None) };
    let data = text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let bytes =
        data.filter(|(_, data)| data.len() <= MAX_IMAGE_BYTES * 2).and_then(|(_, data)| STANDARD.decode(data).ok());
    let bytes = bytes.ok_or_else(|| ApiError::Refused(format!("Validation failed: {name} must be a file")))?;
    Ok(Some(media::store_profile_image(node, &bytes, purpose)?))
}

/// `DELETE /api/v1/profile/avatar`.
pub fn remove_avatar(node: &Node, call: &ApiRequest) -> ApiResult {
    identity::remove_profile_image(node, ProfileImage::Icon)?;
    verify_credentials(node, call)
}

/// `DELETE /api/v1/profile/header`.
pub fn remove_header(node: &Node, call: &ApiRequest) -> ApiResult {
    identity::remove_profile_image(node, ProfileImage::Image)?;
    verify_credentials(node, call)
}

/// `GET /api/v1/preferences`.
pub fn preferences(node: &Node, _: &ApiRequest) -> ApiResult {
    let settings = node.store.read(node::settings)?;
    Ok(ApiResponse::json(&json!({
        "posting:default:visibility": settings.audience.parse().map_or("public", visibility::visibility),
        "posting:default:sensitive": settings.sensitive,
        "posting:default:language": Some(&settings.language).filter(|tag| !tag.is_empty()),
        "posting:default:quote_policy": quote_policy(&settings),
        "reading:expand:media": "default",
        "reading:expand:spoilers": false,
        "reading:autoplay:gifs": false,
    })))
}

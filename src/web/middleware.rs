//! Middleware.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Uri, header};
use actix_web::middleware::Next;

/// For the pages that let an app in. Web clients open them in a popup and wait for what comes of it; browsers cut the two apart
/// for good where any page on the way asks to be alone with its like.
pub async fn keep_opener(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().remove(header::CROSS_ORIGIN_OPENER_POLICY);
    Ok(response)
}

/// Apps join an address that ends with a slash and a path that begins with one: for the client API that is one slash. Nobody is
/// led anywhere, for many would send a form again as a GET. Other paths stay: they are compared, and signed, as they are.
pub async fn single_slashes(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(uri) = with_single_slashes(request.uri()) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

/// The address with single slashes; None when it stays as it is.
pub(super) fn with_single_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains("//") {
        return None;
    }
    let mut single = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !single.ends_with('/') {
            single.push(c);
        }
    }
    if !["/api/", "/oauth/"].iter().any(|face| single.starts_with(face)) {
        return None;
    }
    if let Some(query) = uri.query() {
        single = format!("{single}?{query}");
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(single.parse().ok()?);
    Uri::from_parts(parts).ok()
}

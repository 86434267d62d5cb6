//! What lies round handlers, for many at once.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
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

//! `apiProperties.json`.

use super::json::{Json, Object};
use crate::connector::{Authentication, Connector, OAuth2};

/// Where the platform takes what a login sends back.
const REDIRECT_URL: &str = "https://global.consent.azure-apim.net/redirect";

pub(super) fn properties(connector: &Connector) -> Object {
    let parameters = parameters(&connector.authentication);
    let owner = connector.stack_owner.as_ref().unwrap_or(&connector.publisher);
    let properties = Object::new()
        .with("connectionParameters", parameters)
        .with("iconBrandColor", &*connector.icon_color)
        .with("capabilities", Json::Array(Vec::new()))
        .with("publisher", &*connector.publisher)
        .with("stackOwner", &**owner);
    Object::new().with("properties", properties)
}

fn parameters(authentication: &Authentication) -> Object {
    match authentication {
        Authentication::None => Object::new(),
        Authentication::ApiKey(header) => {
            let description = format!("The key of this connection, which is sent as {header}.");
            Object::new().with("api_key", secret("API key", &description, 1))
        }
        Authentication::Basic => Object::new()
            .with("username", secret("User name", "The name of the user.", 1))
            .with("password", secret("Password", "The password of the user.", 2)),
        Authentication::OAuth2(settings) => Object::new().with("token", token(settings)),
    }
}

fn secret(title: &str, description: &str, place: u32) -> Object {
    let constraints = Object::new().with("tabIndex", place).with("clearText", false).with("required", "true");
    let shown = Object::new()
        .with("displayName", title)
        .with("description", description)
        .with("tooltip", description)
        .with("constraints", constraints);
    Object::new().with("type", "securestring").with("uiDefinition", shown)
}

fn token(settings: &OAuth2) -> Object {
    let parameter = |url: &str| Object::new().with("value", url);
    let urls = Object::new()
        .with("authorizationUrl", parameter(settings.authorization_url()))
        .with("tokenUrl", parameter(settings.token_url()))
        .with("refreshUrl", parameter(settings.refresh_url()));
    let scopes = Json::array(settings.scopes().map(|(scope, _)| scope));
    let settings = Object::new()
        .with("identityProvider", "oauth2")
        .with_some("clientId", settings.client_id())
        .with("scopes", scopes)
        .with("redirectMode", "Global")
        .with("redirectUrl", REDIRECT_URL)
        .with("customParameters", urls);
    Object::new().with("type", "oauthSetting").with("oAuthSettings", settings)
}

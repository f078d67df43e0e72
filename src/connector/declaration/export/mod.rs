//! The two files that are uploaded.

mod actions;
mod answers;
mod definition;
mod firing;
mod json;
mod properties;
mod schema;
mod triggers;

use super::Connector;
use crate::error::{Error, ErrorKind};
use json::Object;

/// The two files that are uploaded to the platform.
///
/// ```
/// use tripline::connector::{Connector, Contact};
///
/// let export = Connector::new("Contoso Insights")
///     .with_description("Tells when segments, measures and refreshes of Contoso's data change.")
///     .with_host("hooks.contoso.example")
///     .with_contact(Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example"))
///     .with_website("https://contoso.example/insights")
///     .with_privacy_policy("https://contoso.example/privacy")
///     .with_publisher("Contoso")
///     .with_icon_color("#0f6cbd")
///     .export()?;
/// assert!(export.definition().starts_with("{\n  \"swagger\": \"2.0\""));
/// assert!(export.properties().contains("\"iconBrandColor\": \"#0f6cbd\""));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    definition: String,
    properties: String,
}

impl Export {
    /// The name under which [`definition`](Self::definition) is stored.
    pub const DEFINITION: &str = "apiDefinition.swagger.json";
    /// The name under which [`properties`](Self::properties) is stored.
    pub const PROPERTIES: &str = "apiProperties.json";

    /// `apiDefinition.swagger.json`: Swagger 2.0 with Microsoft's extensions, several lines with a line break at the end.
    ///
    /// ```
    /// use tripline::connector::Export;
    /// fn store(export: &Export) -> std::io::Result<()> {
    ///     std::fs::write(Export::DEFINITION, export.definition())
    /// }
    /// ```
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// `apiProperties.json`: what a connection asks for, the publisher, the icon's colour. No secret is in it.
    ///
    /// ```
    /// use tripline::connector::Export;
    /// fn store(export: &Export) -> std::io::Result<()> {
    ///     std::fs::write(Export::PROPERTIES, export.properties())
    /// }
    /// ```
    pub fn properties(&self) -> &str {
        &self.properties
    }
}

/// The files of a declaration in which nothing was found.
pub(super) fn export(connector: &Connector) -> Result<Export, Error> {
    let definition = text(&definition::definition(connector))?;
    Ok(Export { definition, properties: text(&properties::properties(connector))? })
}

/// The body of a request.
fn body(schema: Object) -> Object {
    Object::new().with("name", "body").with("in", "body").with("required", true).with("schema", schema)
}

fn text(object: &Object) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(object).map_err(|error| {
        Error::new(ErrorKind::Invalid, "the file cannot be written as JSON").caused_by(error)
    })?;
    Ok(text + "\n")
}

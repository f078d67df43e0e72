//! Writes the two files of a connector that are uploaded to Power Platform:
//!
//! `cargo run --example export_connector -- DIR [--host NAME] [--base-path PATH] [--publisher NAME]`
//!
//! The connector is that of Customer Insights, with an action that posts to a Teams channel. What it offers is printed;
//! what is wrong with a declaration is told with what mends it: try `--host https://contoso.example`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;
use tripline::action::HttpAction;
use tripline::builtin::{customer_insights, teams::TeamsChannelMessage};
use tripline::connector::{Connector, Contact, Export};

const USAGE: &str = "usage: export_connector DIR [--host NAME] [--base-path PATH] [--publisher NAME]";

/// What was asked for.
struct Arguments {
    folder: PathBuf,
    host: String,
    base_path: String,
    publisher: String,
}

fn main() -> ExitCode {
    let connector = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => (declared(&arguments), arguments.folder),
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let (connector, folder) = connector;
    let findings = connector.validate();
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        return ExitCode::from(2);
    }
    let written = connector.export().map_err(|error| error.to_string()).and_then(|export| {
        let files = [(Export::DEFINITION, export.definition()), (Export::PROPERTIES, export.properties())];
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        print_operations(export.definition())
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What a maker of flows finds, an operation a line; what designers alone call stands in brackets.
fn print_operations(definition: &str) -> Result<(), String> {
    let definition: Value = serde_json::from_str(definition).map_err(|error| error.to_string())?;
    for (path, item) in definition["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let summary = operation["summary"].as_str().unwrap_or_default();
            let (open, close) =
                if operation["x-ms-visibility"] == "internal" { ("(", ")") } else { ("", "") };
            println!("{:<6} {path:<42} {id:<30} {open}{summary}{close}", method.to_uppercase());
        }
    }
    Ok(())
}

fn declared(arguments: &Arguments) -> Connector {
    customer_insights::connector()
        .with_host(&arguments.host)
        .with_base_path(&arguments.base_path)
        .with_publisher(&arguments.publisher)
        .with_contact(Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example"))
        .with_website("https://contoso.example/insights")
        .with_privacy_policy("https://contoso.example/privacy")
        .with_action(TeamsChannelMessage::new().metadata())
}

impl Arguments {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut folder = None;
        let mut read = Self {
            folder: PathBuf::new(),
            host: "hooks.contoso.example".to_owned(),
            base_path: "/".to_owned(),
            publisher: "Contoso".to_owned(),
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let option = match argument.as_str() {
                "--host" => &mut read.host,
                "--base-path" => &mut read.base_path,
                "--publisher" => &mut read.publisher,
                other if other.starts_with('-') => return Err(format!("there is no option {other}")),
                _ if folder.is_some() => return Err(format!("{argument}: one folder is enough")),
                _ => {
                    folder = Some(PathBuf::from(argument));
                    continue;
                }
            };
            *option = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        }
        let folder = folder.ok_or("where are the files to be written?")?;
        Ok(Self { folder, ..read })
    }
}

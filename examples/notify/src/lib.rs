//! Real clients for tripline's built-in actions: [`Client`] sends HTTP requests with `reqwest`, [`Smtp`] sends messages
//! with `lettre`. Both keep to the contracts of `Transport` and `MailTransport` to the letter; copy what you need.

mod http_client;
mod smtp;

pub use http_client::Client;
pub use smtp::Smtp;

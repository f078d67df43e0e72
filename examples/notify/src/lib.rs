//! Real clients for tripline's built-in actions: [`Client`] sends HTTP requests with `reqwest`, [`HyperClient`] does with
//! `hyper`, [`Smtp`] sends messages with `lettre`. All keep to the contracts of `Transport` and `MailTransport` to the
//! letter, which `tests/` holds them against; copy what you need.

mod http_client;
mod hyper_client;
mod smtp;
mod smtp_stream;

pub use http_client::Client;
pub use hyper_client::HyperClient;
pub use smtp::Smtp;

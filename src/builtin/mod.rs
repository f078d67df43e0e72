//! The services that this library knows, each in a module of its own.
//!
//! | I want to… | go to… |
//! |---|---|
//! | read the log of Customer Insights, poll it, get and change its data | [`customer_insights`] |
//! | say something in a Teams channel | [`teams`] |
//! | write an e-mail to those who own the data | [`email`] |
//! | hand a firing to another program | [`webhook`] |
//! | say in words what has fired | [`Notice`] |

pub mod customer_insights;
pub mod email;
mod graph;
mod notice;
mod target;
pub mod teams;
pub mod webhook;

pub use notice::{Fact, Notice};

//! The services that this library knows, each in a module of its own.
//!
//! ```
//! use tripline::builtin::customer_insights::LogReader;
//! assert_eq!(LogReader::new().report().records(), 0);
//! ```

pub mod customer_insights;

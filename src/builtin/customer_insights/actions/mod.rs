//! The actions of the connector.

mod entities;
mod item;
mod items;
mod page;
mod pages;
mod partitions;
mod report;

pub use entities::{Entities, GetEntities, Instance};
pub use item::{CreateItem, GetItem, Item, ItemChange, ItemKey, NewItem, UpdateItem, Written};
pub use items::{GetItems, ItemQuery};
pub use page::ItemPage;
pub use pages::{GetAllItems, ItemSearch, Items, Stopped};
pub use partitions::{Entity, GetPartitionData, GetPartitions, GetPartitionsV2, Partition, Partitions};
pub use report::{SendStatusReport, SendStatusReportV2, Sent, StatusReport};

use crate::action::Field;

/// An action that knows nothing but where the service is.
macro_rules! over_base {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            base: String,
        }

        impl $name {
            /// At the service's own address, [`BASE`](crate::builtin::customer_insights::BASE).
            ///
            /// ```
            #[doc = concat!("use tripline::builtin::customer_insights::", stringify!($name), ";")]
            #[doc = concat!("let action = ", stringify!($name), "::new();")]
            /// ```
            #[must_use]
            pub fn new() -> Self {
                Self { base: $crate::builtin::customer_insights::BASE.to_owned() }
            }

            /// At another address, such as that of another region; the URL ends with the version.
            ///
            /// ```
            #[doc = concat!("use tripline::builtin::customer_insights::", stringify!($name), ";")]
            #[doc = concat!("let action = ", stringify!($name), "::new().with_base(\"https://ci.contoso.example/v1\");")]
            /// ```
            #[must_use]
            pub fn with_base(mut self, base: impl Into<String>) -> Self {
                self.base = base.into();
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}

use over_base;

fn instance_field() -> Field {
    Field::string("instance")
        .with_title("Instance")
        .with_description("The id of the instance.")
        .with_required(true)
        .with_min_length(1)
}

fn entity_field() -> Field {
    Field::string("entity")
        .with_title("Entity")
        .with_description("The name of the entity, such as Customer or UnifiedActivity.")
        .with_required(true)
        .with_min_length(1)
}

/// An object of any members, within an array or by itself.
fn any_object(name: &str, title: &str) -> Field {
    Field::object(name, []).with_title(title)
}

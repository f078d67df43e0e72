//! The form that the bounds and the counts of every machine share.

/// Getters and by-value setters of a `Limits`, each with its example.
///
/// The first literal is the module that has it; then the fields with what they
/// bound, and what `assert_eq!` is told of the default.
macro_rules! limits {
    ($module:literal; $($(#[$doc:meta])* $name:ident, $with:ident: $type:ty, $example:literal;)*) => {
        impl Limits {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\n```\nuse tripline::", $module, "::Limits;\nassert_eq!(", $example, ");\n```")]
                pub fn $name(&self) -> $type {
                    self.$name
                }

                #[doc = concat!("These limits with another [`", stringify!($name), "`](Limits::", stringify!($name), ").\n\n```\nuse tripline::", $module, "::Limits;\nlet limits = Limits::default();\nassert_eq!(limits.clone().", stringify!($with), "(limits.", stringify!($name), "()), limits);\n```")]
                #[must_use]
                pub fn $with(mut self, $name: $type) -> Self {
                    self.$name = $name;
                    self
                }
            )*
        }
    };
}

/// Getters of a `Counts`, and all of them by name.
///
/// The first two literals are what an example imports, and a machine that has just been made.
macro_rules! counts {
    ($imports:literal, $machine:literal; $($(#[$doc:meta])* $name:ident;)*) => {
        impl Counts {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\n```\nuse tripline::", $imports, ";\nassert_eq!(", $machine, ".counts().", stringify!($name), "(), 0);\n```")]
                pub fn $name(&self) -> u64 {
                    self.$name
                }
            )*

            /// Every count with its name, in a fixed order: what a host shows or exports.
            ///
            #[doc = concat!("```\nuse tripline::", $imports, ";\nassert!(", $machine, ".counts().iter().all(|(_, count)| count == 0));\n```")]
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }

            pub(super) fn set(&mut self, name: &str, value: u64) {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    _ => {}
                }
            }
        }
    };
}

pub(crate) use {counts, limits};

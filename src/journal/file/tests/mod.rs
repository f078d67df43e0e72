//! The file journal on a disk that breaks in every way there is.

mod caught;
mod crash;
mod errors;
mod forged;
mod medium;
mod random;
mod real;
mod run;
mod salvage;
mod sectors;
mod sim;
mod snapshots;

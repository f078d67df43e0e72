//! The main job on real input: `cargo run --example quickstart`.
//!
//! Three parts, each in a file of its own. The first watches numbers: `employment.rs`, ten years of employment figures.
//! The second watches a data platform at work: `nights.rs`, three nights of its diagnostic log. The third tells people
//! about two things that were noticed there: `telling.rs`. (`data/README.md` says where the data is from.)

mod employment;
mod nights;
mod telling;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    employment::run()?;
    println!();
    let noticed = nights::run()?;
    println!();
    telling::run(&noticed)
}

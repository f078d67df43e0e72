//! The main job on real input: `cargo run --example quickstart`.
//!
//! Two parts, each in a file of its own. The first watches numbers: `employment.rs`, ten years of employment figures.
//! The second watches a data platform at work: `nights.rs`, three nights of its diagnostic log. (`data/README.md`
//! says where the data is from.)

mod employment;
mod nights;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    employment::run()?;
    println!();
    nights::run()
}
